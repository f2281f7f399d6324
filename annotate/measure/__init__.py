"""How good a corpus is: agreement of annotators, figures against gold, the error rate that an audit tells."""

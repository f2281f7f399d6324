"""The review in a browser: the desk (what is shown and decided), its server, and the page."""

"""Many articles, labelled by several workers: the same corpus whatever the engine, the workers and the interruptions.

articles → batches (work) → an engine: local (threads, processes) or on_ray → finished parts on disk (parts) → writer
"""

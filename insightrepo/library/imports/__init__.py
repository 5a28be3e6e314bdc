"""What comes in: files and folders into studies, documents and evidence, as a job with a report."""

"""The application for a server: ``gunicorn wsgi:app`` or ``flask --app wsgi run``.

The workspace is the one that INSIGHTREPO_HOME names. A server that has none yet stops here and says what to run.
"""

from insightrepo.web import create_app

app = create_app()

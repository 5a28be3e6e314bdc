"""The application for a server: ``gunicorn wsgi:app`` or ``flask --app wsgi run``.

The workspace is the one that INSIGHTREPO_HOME names. A server that has none yet, or one of another version, stops here
and says what to run.
"""

from insightrepo.web import create_app
from insightrepo.web.serving import ready_workspace

app = create_app(ready_workspace())

#!/bin/sh
# What the container does: web, worker, migrate, or any command of manage.py.
set -eu
cd "${APP_DIR:-/app}"
role="${1:-web}"
[ $# -gt 0 ] && shift
case "$role" in
    web)
        python manage.py collectstatic --no-input --verbosity 0
        exec gunicorn portal.config.wsgi --bind "0.0.0.0:${PORT:-8000}" --workers "${WEB_WORKERS:-2}" --threads 4 \
            --no-control-socket --access-logfile -
        ;;
    worker)
        exec celery --app portal.config.celery worker --loglevel INFO --concurrency "${WORKER_PROCESSES:-1}"
        ;;
    migrate)
        python manage.py migrate --no-input
        exec python manage.py sync_parts
        ;;
    *)
        exec python manage.py "$role" "$@"
        ;;
esac

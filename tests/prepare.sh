#!/bin/sh
# Installs the browser that the tests drive, where this machine allows it; the tests say so where it does not.
set -eu
[ -n "${CHROMIUM_PATH:-}" ] && exit 0
command -v chromium >/dev/null 2>&1 && exit 0
command -v chromium-browser >/dev/null 2>&1 && exit 0
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
    echo "Installing Chromium for the browser tests..."
    apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
        chromium fonts-dejavu >/dev/null && exit 0
fi
echo "Chromium is not here and could not be installed: the browser tests will not run."

#!/usr/bin/env bash
[[ "${DEBUG:-}" == 'true' ]] && set -x
DEBUG=true
[[ "${DEBUG:-}" == 'true' ]] && set -x
echo traced
set +x
echo quiet

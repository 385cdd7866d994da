#!/bin/sh
# The usual flow, from an upstream to a hit. Reads UC_URL, UC_TOKEN and UPSTREAM.
set -eu
api="${UC_URL:-http://127.0.0.1:8080}/api/v1"
token="${UC_TOKEN:-$(cat .data/admin-token)}"
shanghai="$api/cache/weather/%2Fweather%2FShanghai"

call() { # method, URL, then what else curl is to know
  method=$1 url=$2
  shift 2
  echo "> $method $url"
  curl -sS -i -X "$method" "$url" -H "Authorization: Bearer $token" "$@"
  echo
}
body="Content-Type: application/json"

# Once: name the upstream, and the calls it allows.
call POST "$api/sources" -H "$body" -d '{
  "id": "weather", "base_url": "'"${UPSTREAM:-https://api.example.com}"'",
  "key_template": "/weather/{{city}}", "rate_limit": {"per_minute": 5, "burst": 5}}'

# 1. A client reads. Nothing is stored yet: 202, and a refresh is first in line.
call GET "$shanghai"
# It would rather wait for it: 200.
call GET "$shanghai" -H "X-UC-Wait: 1"
# From now on it comes from the cache: 200 HIT.
call GET "$shanghai"

# 2. Hot keys are fetched before anyone asks.
call POST "$api/cache/weather/prefetch" -H "$body" -H "Idempotency-Key: hot-1" -d '{
  "keys": ["/weather/Beijing", {"city": "Shenzhen"}], "priority": "low"}'

# 3. A timer runs a cycle. The worker does so by itself, this is for those who run without.
call POST "$api/tasks/run" -H "$body" -d '{"source_id": "weather"}'
call POST "$api/cache/weather/batch-get" -H "$body" -d '{
  "keys": ["/weather/Shanghai", "/weather/Beijing", "/weather/Shenzhen"]}'

# 4. The data is known to have changed: what is cached is not served again.
call POST "$shanghai/invalidate"
call POST "$shanghai/refresh" -H "X-UC-Wait: 1"

# 5. What is left of the quota, what was done, what failed.
call GET "$api/rate-limit/weather"
call GET "$api/tasks?source_id=weather&state=failed"
call GET "$api/metrics"

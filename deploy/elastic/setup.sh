#!/usr/bin/env bash
# Makes Elasticsearch ready: Kibana's own password, a role and a user that may only add to our logs, how long they are
# kept, and what their fields are. May be run as often as you like. Passwords are in no command line: curl reads them.
set -euo pipefail
cd "$(dirname "$0")"

put() { # path, body
    curl --silent --show-error --fail-with-body --retry 10 --retry-connrefused --output /dev/null \
        --config <(printf 'user = "elastic:%s"\n' "$ELASTIC_PASSWORD") \
        --request PUT --header 'Content-Type: application/json' --data-binary @- "$ELASTIC_URL/$1" <<<"$2"
    echo "$1"
}

put _security/user/kibana_system/_password "{\"password\": \"$KIBANA_SYSTEM_PASSWORD\"}"
put _security/role/ess_ray_filebeat '{"cluster": ["monitor"], "indices": [
    {"names": ["logs-ess_ray-*"], "privileges": ["auto_configure", "create_doc", "view_index_metadata"]}]}'
put _security/user/filebeat "{\"password\": \"$FILEBEAT_PASSWORD\", \"roles\": [\"ess_ray_filebeat\"]}"
put _ilm/policy/ess_ray "$(<lifecycle.json)"
put _index_template/ess_ray "$(<index-template.json)"

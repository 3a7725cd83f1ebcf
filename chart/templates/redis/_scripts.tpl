{{/*
Starts Redis with a redis.conf that is part of the pod: an upgrade that fails halfway leaves the
running pod its own, whenever its container restarts. A dollar is doubled for Kubernetes, which
would expand $(…) in arguments. The password is added from its file: neither the command line nor
the environment shows it. A copy of it stays for the probes, which so ask with the password
that this server was started with, whatever becomes of the Secret. The files of a container
that was killed are still there when the next one starts: so they are written, not copied with
their modes.
*/}}
{{- define "flask-redis-api.redis.start" -}}
umask 077
cat > /run/redis/redis.conf <<'END_OF_REDIS_CONF'
{{ include "flask-redis-api.redis.config" . | replace "$" "$$" }}
END_OF_REDIS_CONF
{{- if .Values.redis.auth.enabled }}
cat /run/secrets/redis/password > /run/redis/password
test -n "$(cat /run/redis/password)" || { echo 'the password is empty, and Redis would be open to all: put one into the Secret {{ include "flask-redis-api.redis.secretName" . }}' >&2; exit 1; }
printf '\nrequirepass "%s"\n' "$(sed 's/[\\"]/\\&/g' /run/redis/password)" >> /run/redis/redis.conf
{{- end }}
exec redis-server /run/redis/redis.conf
{{- end }}

{{- define "flask-redis-api.redis.ping" -}}
{{- if .Values.redis.auth.enabled }}
REDISCLI_AUTH="$(cat /run/redis/password)" {{ end -}}
redis-cli -h 127.0.0.1 ping
{{- end }}

{{/*
Ready is PONG and nothing else: redis-cli ends well on LOADING too.
*/}}
{{- define "flask-redis-api.redis.ready" -}}
answer="$({{ include "flask-redis-api.redis.ping" . | trim }} 2>&1)"
test "$answer" = PONG || { echo "$answer"; exit 1; }
{{- end }}

{{/*
Alive is any answer, LOADING and BUSY too. redis-cli fails where there is none, and also on an
answer that is an error to the password it sent, such as "max number of clients reached".
*/}}
{{- define "flask-redis-api.redis.alive" -}}
answer="$({{ include "flask-redis-api.redis.ping" . | trim }} 2>&1)" || case "$answer" in
  "AUTH failed: "*) ;;
  *) echo "$answer"; exit 1 ;;
esac
{{- end }}

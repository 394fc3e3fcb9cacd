# METADATA
# title: Keys that are off are deleted in time
# description: >-
#   A key that was deactivated can be switched on again, by mistake or by an intruder. Some weeks show
#   whether anybody still needs it; then it goes.
# scope: package
# custom:
#   version: 1.0.0
#   severity: low
#   subject: key
#   needs: [status, deactivated_at, expires_at]
#   params:
#     days:
#       description: Days for which a key that is off may stay.
#       type: integer
#       minimum: 1
#       maximum: 3650
#       default: 90
#       source: "keyproof's own: a quarter's jobs have run by then"
#   message: "off for {off_days:day}; the limit is {limit_days}"
#   remediation: >-
#     Delete the key at its issuer. Its record stays in the reports.
#   examples:
#     - title: deactivated last week
#       status: pass
#       subject: {status: deactivated, deactivated_at: 2026-11-14T00:00:00Z}
#     - title: suspended last year
#       status: fail
#       subject: {status: suspended, deactivated_at: 2025-11-14T00:00:00Z}
#     - title: expired last year
#       status: fail
#       subject: {status: expired, expires_at: 2025-11-14T00:00:00Z}
#     - title: since when it is off is not known
#       status: unknown
#       subject: {status: deactivated}
#     - title: since when it is off could not be read
#       status: unknown
#       subject: {status: deactivated, deactivated_at: 2026-11-14T00:00:00Z, missing_fields: [deactivated_at]}
#     - title: it will be off
#       status: unknown
#       subject: {status: deactivated, deactivated_at: 2027-11-14T00:00:00Z}
#     - title: a key in use
#       status: skip
#       subject: {status: active}
package keyproof.keys.retired

off := {"suspended", "deactivated", "expired"}

verdict := {true: "fail", false: "pass"}

limit := input.params.days if is_number(input.params.days)

limit_ns := limit * 86400000000000

now := input.as_of_ns

decisions[id] := d if {
	some key in input.subjects
	id := key.id
	d := decision(key)
}

decision(key) := {"status": "unknown", "reason": "the key's status is not known"} if key.status == null

decision(key) := {"status": "skip", "reason": "the key is in use, or deleted already"} if {
	is_string(key.status)
	not key.status in off
}

decision(key) := d if {
	key.status in off
	key.status != "expired"
	d := since(key.deactivated_at_ns, key.deactivated_at_age_days)
}

decision(key) := d if {
	key.status == "expired"
	d := since(key.expires_at_ns, key.expires_at_age_days)
}

since(at, _) := {"status": "unknown", "reason": "since when the key is off is not known"} if at == null

since(at, _) := {"status": "unknown", "reason": "the day on which the key went off lies in the future"} if {
	is_number(at)
	at > now
}

since(at, days) := {"status": status, "evidence": {"off_days": days, "limit_days": limit}} if {
	is_number(at)
	at <= now
	status := verdict[(now - at) > limit_ns]
}

# METADATA
# title: API keys expire
# description: >-
#   An expiry ends a forgotten key without anybody's doing. An active key must have one, not too far
#   ahead. Where the issuer knows no expiry, keys.max_age bounds the key's life instead.
# scope: package
# custom:
#   version: 1.0.0
#   severity: medium
#   subject: key
#   needs: [status, expires_at, expiry_state]
#   params:
#     days:
#       description: How many days ahead an expiry may lie.
#       type: integer
#       minimum: 1
#       maximum: 3650
#       default: 366
#       source: GitHub's default longest life of a fine-grained token
#   message: "expires: {expires}; days left: {remaining_days}, the limit is {limit_days}"
#   remediation: >-
#     Replace the key by one with an expiry, and put its renewal into the calendar of its owner.
#   examples:
#     - title: it expires in a month
#       status: pass
#       subject: {expiry_state: known, expires_at: 2026-12-21T00:00:00Z}
#     - title: it never expires
#       status: fail
#       subject: {expiry_state: never}
#     - title: it expires in ten years
#       status: fail
#       subject: {expiry_state: known, expires_at: 2036-11-21T00:00:00Z}
#     - title: it expired, and its issuer still calls it active
#       status: fail
#       subject: {expiry_state: known, expires_at: 2026-11-20T00:00:00Z}
#     - title: the issuer does not say
#       status: unknown
#       subject: {expiry_state: unknown}
#     - title: the expiry could not be read
#       status: unknown
#       subject: {expiry_state: known, expires_at: 2026-12-21T00:00:00Z, missing_fields: [expires_at]}
#     - title: the issuer has no expiry
#       status: skip
#       subject: {expiry_state: not_supported}
#     - title: a key that expired
#       status: skip
#       subject: {status: expired, expiry_state: known, expires_at: 2026-01-01T00:00:00Z}
package keyproof.keys.expiry

usable := {"active", "pre_active", "compromised"}

verdict := {true: "pass", false: "fail"}

limit := input.params.days if is_number(input.params.days)

limit_ns := limit * 86400000000000

now := input.as_of_ns

active := [key | some key in input.subjects; key.status in usable]

decisions[id] := d if {
	some key in input.subjects
	key.status == null
	id := key.id
	d := {"status": "unknown", "reason": "the key's status is not known"}
}

decisions[id] := d if {
	some key in input.subjects
	is_string(key.status)
	not key.status in usable
	id := key.id
	d := {"status": "skip", "reason": "the key is not active"}
}

decisions[id] := d if {
	some key in active
	key.expiry_state == null
	id := key.id
	d := {"status": "unknown", "reason": "whether the key expires is not known"}
}

decisions[id] := d if {
	some key in active
	key.expiry_state == "not_supported"
	id := key.id
	d := {"status": "skip", "reason": "the issuer knows no expiry of such keys"}
}

decisions[id] := d if {
	some key in active
	key.expiry_state == "never"
	id := key.id
	d := {"status": "fail", "evidence": {"expires": "never", "remaining_days": "without end", "limit_days": limit}}
}

decisions[id] := d if {
	some key in active
	key.expiry_state == "known"
	id := key.id
	d := dated(key.expires_at_ns, key.expires_at_age_days)
}

dated(at, days) := {"status": status, "evidence": {"expires": "ahead", "remaining_days": 0 - days, "limit_days": limit}} if {
	is_number(at)
	at > now
	status := verdict[(at - now) <= limit_ns]
}

dated(at, days) := {"status": "fail", "evidence": {"expires": "past, yet active", "remaining_days": 0 - days, "limit_days": limit}} if {
	is_number(at)
	at <= now
}

dated(at, _) := {"status": "unknown", "reason": "the key's expiry is not known"} if at == null

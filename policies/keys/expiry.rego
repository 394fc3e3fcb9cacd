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
#   message: "expires: {expires}; in {remaining_days} days, the limit is {limit_days}"
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

ns_per_day := 86400000000000

usable := {"active", "pre_active", "compromised"}

decisions[id] := d if {
	some key in input.subjects
	id := key.id
	d := decision(key)
}

decision(key) := {"status": "unknown", "reason": "the key's status is not known"} if key.status == null

decision(key) := {"status": "skip", "reason": "the key is not active"} if {
	is_string(key.status)
	not key.status in usable
}

decision(key) := d if {
	key.status in usable
	d := expiring(key)
}

expiring(key) := {"status": "unknown", "reason": "whether the key expires is not known"} if key.expiry_state == null

expiring(key) := {"status": "skip", "reason": "the issuer knows no expiry of such keys"} if key.expiry_state == "not_supported"

expiring(key) := {"status": "unknown", "reason": "the key's expiry is not known"} if {
	key.expiry_state == "known"
	key.expires_at_ns == null
}

expiring(key) := {"status": "fail", "evidence": evidence} if {
	key.expiry_state == "never"
	evidence := {"expires": "never", "remaining_days": "no end of", "limit_days": input.params.days}
}

expiring(key) := {"status": status, "evidence": evidence} if {
	key.expiry_state == "known"
	is_number(key.expires_at_ns)
	limit := input.params.days
	is_number(limit)
	left := key.expires_at_ns - input.as_of_ns
	status := {true: "pass", false: "fail"}[within(left, limit * ns_per_day)]
	evidence := {"expires": stated(left), "remaining_days": 0 - key.expires_at_age_days, "limit_days": limit}
}

within(left, most) if {
	left > 0
	left <= most
} else := false if {
	is_number(left)
	is_number(most)
}

stated(left) := "ahead" if left > 0

stated(left) := "past, yet active" if left <= 0

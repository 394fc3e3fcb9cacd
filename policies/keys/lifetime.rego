# METADATA
# title: API keys are issued for a limited life
# description: >-
#   keys.expiry looks at the days that are left; this looks at the whole life that a key was issued
#   for. A key made for five years is one that nobody meant to replace, even in its last month.
# scope: package
# custom:
#   version: 1.0.0
#   severity: low
#   subject: key
#   needs: [status, created_at, expires_at, expiry_state]
#   params:
#     days:
#       description: The longest life, from creation to expiry, that a key may be issued for.
#       type: integer
#       minimum: 1
#       maximum: 3650
#       default: 366
#       source: GitHub's default longest life of a fine-grained token
#   message: "issued for {life_days:day}; the limit is {limit_days}"
#   remediation: >-
#     Replace the key by one with a shorter life, and let its owner's calendar or a rotation renew it.
#   examples:
#     - title: a life of three months
#       status: pass
#       subject: {created_at: 2026-11-01T00:00:00Z, expiry_state: known, expires_at: 2027-02-01T00:00:00Z}
#     - title: a life of five years that ends next month
#       status: fail
#       subject: {created_at: 2021-12-21T00:00:00Z, expiry_state: known, expires_at: 2026-12-21T00:00:00Z}
#     - title: a limit of the organisation's own
#       status: fail
#       params: {days: 30}
#       subject: {created_at: 2026-11-01T00:00:00Z, expiry_state: known, expires_at: 2027-02-01T00:00:00Z}
#     - title: when it was made is not known
#       status: unknown
#       subject: {expiry_state: known, expires_at: 2026-12-21T00:00:00Z}
#     - title: the issuer does not say whether it expires
#       status: unknown
#       subject: {created_at: 2026-11-01T00:00:00Z, expiry_state: unknown}
#     - title: the expiry could not be read
#       status: unknown
#       subject: {created_at: 2026-11-01T00:00:00Z, expiry_state: known, expires_at: 2027-02-01T00:00:00Z, missing_fields: [expires_at]}
#     - title: it ends before it begins
#       status: unknown
#       subject: {created_at: 2026-11-01T00:00:00Z, expiry_state: known, expires_at: 2026-10-01T00:00:00Z}
#     - title: it never expires, which keys.expiry decides
#       status: skip
#       subject: {created_at: 2026-11-01T00:00:00Z, expiry_state: never}
#     - title: a key that is off
#       status: skip
#       subject: {status: deactivated, created_at: 2021-12-21T00:00:00Z, expiry_state: known, expires_at: 2026-12-21T00:00:00Z}
package keyproof.keys.lifetime

usable := {"active", "pre_active", "compromised"}

endless := {"never", "not_supported"}

verdict := {true: "fail", false: "pass"}

limit := input.params.days if is_number(input.params.days)

limit_ns := limit * 86400000000000

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
	id := key.id
	d := decision(key)
}

decision(key) := {"status": "unknown", "reason": "whether the key expires is not known"} if key.expiry_state == null

decision(key) := {"status": "skip", "reason": "the key has no expiry; keys.expiry looks at that"} if key.expiry_state in endless

decision(key) := {"status": "unknown", "reason": "the key's expiry is not known"} if {
	key.expiry_state == "known"
	key.expires_at_ns == null
}

decision(key) := {"status": "unknown", "reason": "when the key was made is not known"} if {
	key.expiry_state == "known"
	is_number(key.expires_at_ns)
	key.created_at_ns == null
}

decision(key) := d if {
	key.expiry_state == "known"
	is_number(key.expires_at_ns)
	is_number(key.created_at_ns)
	d := lived(key.expires_at_ns - key.created_at_ns, key.created_at_age_days - key.expires_at_age_days)
}

lived(life, _) := {"status": "unknown", "reason": "the key expires before it was made"} if life < 0

lived(life, days) := {"status": status, "evidence": {"life_days": days, "limit_days": limit}} if {
	life >= 0
	status := verdict[life > limit_ns]
}

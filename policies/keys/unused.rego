# METADATA
# title: Unused API keys are disabled
# description: >-
#   A key that nobody uses has no benefit and all of its risk. One that was never used counts as
#   unused since its creation. Where the issuer does not report use, nothing is claimed.
# scope: package
# custom:
#   version: 1.1.0
#   severity: medium
#   subject: key
#   needs: [status, created_at, last_used_at, last_used_state]
#   params:
#     days:
#       description: Days without use from which on an active key must be off.
#       type: integer
#       minimum: 1
#       maximum: 3650
#       default: 45
#       source: CIS AWS Foundations Benchmark 3.0.0, 1.12
#   message: "unused for {idle_days:day}; the limit is {limit_days}"
#   remediation: >-
#     Ask the owner whether the key is still needed. If not, deactivate it, wait, delete it.
#   examples:
#     - title: used yesterday
#       status: pass
#       subject: {created_at: 2026-01-01T00:00:00Z, last_used_state: known, last_used_at: 2026-11-20T00:00:00Z}
#     - title: not used for exactly the limit
#       status: fail
#       subject: {created_at: 2026-01-01T00:00:00Z, last_used_state: known, last_used_at: 2026-10-07T00:00:00Z}
#     - title: never used, and old
#       status: fail
#       subject: {created_at: 2026-01-01T00:00:00Z, last_used_state: never}
#     - title: never used, and new
#       status: pass
#       subject: {created_at: 2026-11-19T00:00:00Z, last_used_state: never}
#     - title: the issuer has no record of use
#       status: unknown
#       subject: {created_at: 2026-01-01T00:00:00Z, last_used_state: not_supported}
#     - title: never used, and nobody knows since when
#       status: unknown
#       subject: {last_used_state: never}
#     - title: a last use that lies ahead
#       status: unknown
#       subject: {created_at: 2026-01-01T00:00:00Z, last_used_state: known, last_used_at: 2027-11-20T00:00:00Z}
#     - title: the last use could not be read
#       status: unknown
#       subject: {created_at: 2026-01-01T00:00:00Z, last_used_state: never, missing_fields: [last_used_at]}
#     - title: a key that is off
#       status: skip
#       subject: {status: suspended, last_used_state: never, created_at: 2020-01-01T00:00:00Z}
package keyproof.keys.unused

usable := {"active", "pre_active", "compromised"}

verdict := {true: "fail", false: "pass"}

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
	key.last_used_state == null
	id := key.id
	d := {"status": "unknown", "reason": "the key's last use is not known"}
}

decisions[id] := d if {
	some key in active
	key.last_used_state == "not_supported"
	id := key.id
	d := {"status": "unknown", "reason": "the issuer does not report a key's last use"}
}

decisions[id] := d if {
	some key in active
	key.last_used_state == "known"
	is_number(key.last_used_at_ns)
	id := key.id
	d := idle(key.last_used_at_ns, key.last_used_at_age_days, "yes")
}

decisions[id] := d if {
	some key in active
	key.last_used_state == "never"
	is_number(key.created_at_ns)
	id := key.id
	d := idle(key.created_at_ns, key.created_at_age_days, "no")
}

decisions[id] := d if {
	some key in active
	key.last_used_state == "known"
	key.last_used_at_ns == null
	id := key.id
	d := {"status": "unknown", "reason": "when the key was last used is not known"}
}

decisions[id] := d if {
	some key in active
	key.last_used_state == "never"
	key.created_at_ns == null
	id := key.id
	d := {"status": "unknown", "reason": "since when the key was never used is not known"}
}

# a use while the sources are read, by a clock that goes ahead of ours, is no fault
day_ns := 86400000000000

idle(since, _, _) := {"status": "unknown", "reason": "the time that it counts from lies in the future"} if {
	since - now > day_ns
}

idle(since, days, ever) := {"status": status, "evidence": evidence} if {
	since - now <= day_ns
	status := verdict[(now - since) >= limit_ns]
	evidence := {"idle_days": days, "limit_days": limit, "ever_used": ever}
}

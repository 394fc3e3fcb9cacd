# METADATA
# title: API keys are rotated within the maximum age
# description: >-
#   A key that is never replaced stays usable for whoever copied it, however long ago. Its age counts
#   from its last rotation where the issuer reports one, else from its creation.
# scope: package
# custom:
#   version: 1.0.0
#   severity: high
#   subject: key
#   needs: [status, created_at, last_rotated_at, rotated_basis]
#   params:
#     days:
#       description: Days after which an active key must have been replaced.
#       type: integer
#       minimum: 1
#       maximum: 3650
#       default: 90
#       source: CIS AWS Foundations Benchmark 3.0.0, 1.14
#   message: "{age_days:day} old; the limit is {limit_days}"
#   remediation: >-
#     Issue a replacement, move its callers, watch that the old key is not used any more, then
#     deactivate and delete it. 'keyproof rotate' does this where a rotator is configured.
#   examples:
#     - title: a key of the day before the limit
#       status: pass
#       subject: {created_at: 2026-08-23T00:00:00Z}
#     - title: a key past the limit
#       status: fail
#       subject: {created_at: 2026-08-22T23:59:59Z}
#     - title: an old key that was rotated
#       status: pass
#       subject: {created_at: 2020-01-01T00:00:00Z, last_rotated_at: 2026-11-01T00:00:00Z, rotated_basis: version}
#     - title: an old key whose record was edited, which is no rotation
#       status: fail
#       subject: {created_at: 2020-01-01T00:00:00Z, last_rotated_at: 2026-11-01T00:00:00Z, rotated_basis: updated_at}
#     - title: the issuer does not report the creation time
#       status: unknown
#       subject: {created_at: null}
#     - title: the creation time could not be read
#       status: unknown
#       subject: {created_at: 2020-01-01T00:00:00Z, missing_fields: [created_at]}
#     - title: a creation time in the future
#       status: unknown
#       subject: {created_at: 2027-01-01T00:00:00Z}
#     - title: a key that is off
#       status: skip
#       subject: {status: deactivated, created_at: 2020-01-01T00:00:00Z}
#     - title: a limit of the organisation's own
#       status: fail
#       params: {days: 30}
#       subject: {created_at: 2026-10-01T00:00:00Z}
package keyproof.keys.max_age

usable := {"active", "pre_active", "compromised"}

stated := {"native", "version"}

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

# a rotation counts where the issuer states it; an edit of the record is none
rotated := [key | some key in active; key.rotated_basis in stated; is_number(key.last_rotated_at_ns)]

unstated := [key | some key in active; key.rotated_basis in stated; key.last_rotated_at_ns == null]

original := array.concat(unstated, [key | some key in active; not key.rotated_basis in stated])

decisions[id] := d if {
	some key in rotated
	key.last_rotated_at_ns <= now
	id := key.id
	d := aged(key.last_rotated_at_ns, key.last_rotated_at_age_days, "last rotation")
}

decisions[id] := d if {
	some key in rotated
	key.last_rotated_at_ns > now
	id := key.id
	d := {"status": "unknown", "reason": "the last rotation lies in the future"}
}

decisions[id] := d if {
	some key in original
	"last_rotated_at" in key.missing_fields
	id := key.id
	d := {"status": "unknown", "reason": "the last rotation could not be read"}
}

whole := [key | some key in original; not "last_rotated_at" in key.missing_fields]

decisions[id] := d if {
	some key in whole
	key.created_at_ns == null
	id := key.id
	d := {"status": "unknown", "reason": "the issuer does not report the creation time"}
}

decisions[id] := d if {
	some key in whole
	is_number(key.created_at_ns)
	key.created_at_ns > now
	id := key.id
	d := {"status": "unknown", "reason": "the creation lies in the future"}
}

decisions[id] := d if {
	some key in whole
	is_number(key.created_at_ns)
	key.created_at_ns <= now
	id := key.id
	d := aged(key.created_at_ns, key.created_at_age_days, "creation")
}

aged(since, days, basis) := {"status": status, "evidence": evidence} if {
	status := verdict[(now - since) > limit_ns]
	evidence := {"age_days": days, "limit_days": limit, "counted_from": basis}
}

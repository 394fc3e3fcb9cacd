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
#   message: "{age_days} days old; the limit is {limit_days}"
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
	d := aged(key, since(key))
}

# a rotation that the issuer states; an edit of the record is none
rotated(key) if {
	key.rotated_basis in {"native", "version"}
	is_number(key.last_rotated_at_ns)
}

since(key) := {"ns": key.last_rotated_at_ns, "days": key.last_rotated_at_age_days, "basis": "last rotation"} if rotated(key)

since(key) := {"ns": key.created_at_ns, "days": key.created_at_age_days, "basis": "creation"} if not rotated(key)

aged(key, _) := {"status": "unknown", "reason": "the last rotation could not be read"} if {
	not rotated(key)
	"last_rotated_at" in key.missing_fields
}

aged(key, start) := {"status": "unknown", "reason": "the issuer does not report the creation time"} if {
	not "last_rotated_at" in key.missing_fields
	start.ns == null
}

aged(key, start) := {"status": "unknown", "reason": "the key's start lies in the future"} if {
	not "last_rotated_at" in key.missing_fields
	is_number(start.ns)
	start.ns > input.as_of_ns
}

aged(key, start) := {"status": status, "evidence": evidence} if {
	not "last_rotated_at" in key.missing_fields
	is_number(start.ns)
	age := input.as_of_ns - start.ns
	age >= 0
	limit := input.params.days
	is_number(limit)
	status := {true: "fail", false: "pass"}[age > limit * ns_per_day]
	evidence := {"age_days": start.days, "limit_days": limit, "counted_from": start.basis}
}

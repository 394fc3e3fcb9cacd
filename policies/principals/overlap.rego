# METADATA
# title: Old and new keys overlap only while a rotation lasts
# description: >-
#   Rotation without interruption needs two active keys for some days. More than that, or two for
#   longer, means that a rotation was never finished. Keys with different overlap groups serve
#   different purposes and do not count together.
# scope: package
# custom:
#   version: 1.0.0
#   severity: medium
#   subject: principal
#   needs: [keys, keys_complete]
#   params:
#     max_active:
#       description: Active keys that a principal may hold for one purpose while it rotates.
#       type: integer
#       minimum: 1
#       maximum: 100
#       default: 2
#       source: AWS IAM's quota of access keys a user
#     days:
#       description: Days for which a principal may hold more than one active key for one purpose.
#       type: integer
#       minimum: 0
#       maximum: 365
#       default: 7
#       source: "keyproof's own: a working week for all callers to move"
#   message: "{active_keys:active key} for one purpose (at most {max_active}), {overlap_days:day} side by side (at most {limit_days})"
#   remediation: >-
#     Find the older key's last callers, move them, then deactivate and delete it.
#   examples:
#     - title: one key
#       status: pass
#       subject: {keys: [{created_at: 2020-01-01T00:00:00Z}]}
#     - title: a rotation of yesterday
#       status: pass
#       subject: {keys: [{created_at: 2026-01-01T00:00:00Z}, {created_at: 2026-11-20T00:00:00Z}]}
#     - title: a rotation that was never finished
#       status: fail
#       subject: {keys: [{created_at: 2026-01-01T00:00:00Z}, {created_at: 2026-11-01T00:00:00Z}]}
#     - title: three keys
#       status: fail
#       subject: {keys: [{created_at: 2026-11-18T00:00:00Z}, {created_at: 2026-11-19T00:00:00Z}, {created_at: 2026-11-20T00:00:00Z}]}
#     - title: two keys for two purposes
#       status: pass
#       subject: {keys: [{created_at: 2026-01-01T00:00:00Z, overlap_group: web}, {created_at: 2026-02-01T00:00:00Z, overlap_group: batch}]}
#     - title: the older of two is off
#       status: pass
#       subject: {keys: [{created_at: 2026-01-01T00:00:00Z, status: deactivated}, {created_at: 2026-02-01T00:00:00Z}]}
#     - title: no keys
#       status: pass
#       subject: {keys: []}
#     - title: two keys, of one the age is not known
#       status: unknown
#       subject: {keys: [{created_at: 2026-11-20T00:00:00Z}, {created_at: null}]}
#     - title: not every key could be read
#       status: unknown
#       subject: {keys: [{created_at: 2026-01-01T00:00:00Z}], keys_complete: false}
#     - title: too many keys already, though not every key could be read
#       status: fail
#       subject: {keys: [{created_at: 2026-01-01T00:00:00Z}, {created_at: 2026-02-01T00:00:00Z}], keys_complete: false}
#     - title: the keys could not be read
#       status: unknown
#       subject: {missing_fields: [keys]}
package keyproof.principals.overlap

verdict := {true: "fail", false: "pass"}

now := input.as_of_ns

max_active := input.params.max_active if is_number(input.params.max_active)

limit := input.params.days if is_number(input.params.days)

limit_ns := limit * 86400000000000

usable := {"active", "pre_active", "compromised"}

decisions[id] := d if {
	some principal in input.subjects
	id := principal.id
	d := decision(principal)
}

decision(principal) := {"status": "unknown", "reason": "the principal's keys could not be read"} if principal.keys == null

decision(principal) := d if {
	is_array(principal.keys)
	active := [key | some key in principal.keys; key.status in usable]
	purposes := {key.overlap_group | some key in active}
	starts := [times |
		some purpose in purposes
		times := sort([key.created_at_ns | some key in active; key.overlap_group == purpose])
	]
	most := max({0} | {n | some times in starts; n := count(times)})
	d := judged(principal, active, most, longest(starts))
}

# two keys are side by side since the second oldest was made; an unknown start sorts first
longest(starts) := max({0} | {length |
	some times in starts
	is_number(times[0])
	length := now - times[1]
})

days_together(active, length) := max({0} | {key.created_at_age_days |
	length > 0
	some key in active
	now - length == key.created_at_ns
})

dark(principal, _) if principal.keys_complete == false

dark(principal, _) if {
	some key in principal.keys
	key.status == null
}

dark(principal, most) if {
	most > 1
	some key in principal.keys
	key.status in usable
	key.created_at_ns == null
}

exceeds(most, _) if most > max_active

exceeds(most, length) if {
	most <= max_active
	length > limit_ns
}

exceeds(most, length) := false if {
	most <= max_active
	length <= limit_ns
}

judged(principal, _, most, length) := {"status": "unknown", "reason": "not every key of the principal, or its age, is known"} if {
	exceeds(most, length) == false
	dark(principal, most)
}

judged(principal, active, most, length) := {"status": status, "evidence": evidence} if {
	over := exceeds(most, length)
	clear(principal, most, over)
	status := verdict[over]
	evidence := {
		"active_keys": most,
		"max_active": max_active,
		"overlap_days": days_together(active, length),
		"limit_days": limit,
	}
}

clear(_, _, over) if over == true

clear(principal, most, over) if {
	not over
	not dark(principal, most)
}

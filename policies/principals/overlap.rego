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
#   message: "{active_keys} active keys for one purpose (at most {max_active}), {overlap_days} days side by side (at most {limit_days})"
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

ns_per_day := 86400000000000

usable := {"active", "pre_active", "compromised"}

decisions[id] := d if {
	some principal in input.subjects
	id := principal.id
	d := decision(principal)
}

decision(principal) := {"status": "unknown", "reason": "the principal's keys could not be read"} if principal.keys == null

decision(principal) := d if {
	is_array(principal.keys)
	most := most_active(principal)
	longest := longest_overlap(principal)
	d := judged(principal, most, longest)
}

purpose(key) := key.overlap_group if is_string(key.overlap_group)

purpose(key) := "" if key.overlap_group == null

groups(principal) := {group |
	some key in principal.keys
	key.status in usable
	group := purpose(key)
}

starts(principal, group) := sort([key.created_at_ns |
	some key in principal.keys
	key.status in usable
	purpose(key) == group
])

most_active(principal) := max({0} | {n |
	some group in groups(principal)
	n := count(starts(principal, group))
})

# two keys are side by side since the second oldest was made; an unknown start sorts first
second_oldest(principal) := {since |
	some group in groups(principal)
	ordered := starts(principal, group)
	count(ordered) > 1
	is_number(ordered[0])
	since := ordered[1]
}

longest_overlap(principal) := max({0} | {length |
	some since in second_oldest(principal)
	length := input.as_of_ns - since
})

overlap_days(principal, longest) := max({0} | {days |
	some key in principal.keys
	is_number(key.created_at_ns)
	input.as_of_ns - key.created_at_ns == longest
	longest > 0
	days := key.created_at_age_days
})

dark(principal) if {
	some key in principal.keys
	key.status == null
}

dark(principal) if {
	some group in groups(principal)
	ordered := starts(principal, group)
	count(ordered) > 1
	ordered[0] == null
}

dark(principal) if principal.keys_complete == false

over(most, _) if most > input.params.max_active

over(_, longest) if longest > input.params.days * ns_per_day

judged(principal, most, longest) := {"status": "unknown", "reason": "not every key of the principal, or its age, is known"} if {
	dark(principal)
	not over(most, longest)
}

judged(principal, most, longest) := {"status": status, "evidence": evidence} if {
	clear(principal, most, longest)
	is_number(input.params.max_active)
	is_number(input.params.days)
	status := {true: "fail", false: "pass"}[exceeds(most, longest)]
	evidence := {
		"active_keys": most,
		"max_active": input.params.max_active,
		"overlap_days": overlap_days(principal, longest),
		"limit_days": input.params.days,
	}
}

clear(principal, _, _) if not dark(principal)

clear(_, most, longest) if over(most, longest)

exceeds(most, longest) := true if over(most, longest)

exceeds(most, longest) := false if not over(most, longest)

# METADATA
# title: Automatic rotations happen when they are due
# description: >-
#   A rotation that is switched on and does not happen is worse than none: everybody believes in it.
#   Due is the time that the system itself names, else the last rotation, or the creation, plus the
#   interval.
# scope: package
# custom:
#   version: 1.0.0
#   severity: high
#   subject: key
#   needs: [status, rotation, last_rotated_at, rotated_basis, created_at]
#   params:
#     grace_days:
#       description: Days by which a rotation may be late.
#       type: integer
#       minimum: 0
#       maximum: 365
#       default: 2
#       source: "keyproof's own: a failed attempt, and the one after it"
#   message: "its rotation is {late_days:day} late; at most {grace_days:day} may pass"
#   remediation: >-
#     Look for the error of the last attempt where the key is kept, mend it, rotate now, and alert on
#     failed rotations.
#   examples:
#     - title: due next week
#       status: pass
#       subject: {rotation: {enabled: true, next_at: 2026-11-28T00:00:00Z}}
#     - title: due last month
#       status: fail
#       subject: {rotation: {enabled: true, next_at: 2026-10-21T00:00:00Z}}
#     - title: every thirty days, last done ten days ago
#       status: pass
#       subject: {rotation: {enabled: true, interval_days: 30}, rotated_basis: native, last_rotated_at: 2026-11-11T00:00:00Z}
#     - title: every thirty days, never done since its creation
#       status: fail
#       subject: {rotation: {enabled: true, interval_days: 30}, created_at: 2026-01-01T00:00:00Z}
#     - title: neither a date nor an interval is known
#       status: unknown
#       subject: {rotation: {enabled: true}, created_at: 2026-01-01T00:00:00Z}
#     - title: the last rotation could not be read
#       status: unknown
#       subject: {rotation: {enabled: true, interval_days: 30}, created_at: 2026-11-01T00:00:00Z, missing_fields: [last_rotated_at]}
#     - title: the settings could not be read
#       status: unknown
#       subject: {rotation: {enabled: true, next_at: 2026-11-28T00:00:00Z}, missing_fields: [rotation]}
#     - title: it is off, which keys.rotation_enabled decides
#       status: skip
#       subject: {rotation: {enabled: false}}
#     - title: a key that is off
#       status: skip
#       subject: {status: deactivated, rotation: {enabled: true, next_at: 2026-10-21T00:00:00Z}}
package keyproof.keys.rotation_overdue

usable := {"active", "pre_active", "compromised"}

stated := {"native", "version"}

verdict := {true: "fail", false: "pass"}

now := input.as_of_ns

grace := input.params.grace_days if is_number(input.params.grace_days)

grace_ns := grace * 86400000000000

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

decision(key) := {"status": "unknown", "reason": "whether the key is rotated automatically is not known"} if {
	key.rotation_enabled == null
	not key.rotation_mechanism == "manual"
}

decision(key) := {"status": "skip", "reason": "such keys are rotated by hand; keys.max_age bounds their age"} if {
	key.rotation_enabled == null
	key.rotation_mechanism == "manual"
}

decision(key) := {"status": "skip", "reason": "automatic rotation is off; keys.rotation_enabled looks at that"} if key.rotation_enabled == false

decision(key) := d if {
	key.rotation_enabled == true
	is_number(key.rotation_next_at_ns)
	d := late(now - key.rotation_next_at_ns, key.rotation_next_at_age_days)
}

decision(key) := d if {
	key.rotation_enabled == true
	key.rotation_next_at_ns == null
	d := counted(key, key.rotation_interval_days)
}

counted(_, interval) := {"status": "unknown", "reason": "when the next rotation is due is not known"} if interval == null

counted(key, interval) := d if {
	is_number(interval)
	key.rotated_basis in stated
	is_number(key.last_rotated_at_ns)
	d := since(key.last_rotated_at_ns, key.last_rotated_at_age_days, interval)
}

counted(key, interval) := {"status": "unknown", "reason": "the last rotation could not be read"} if {
	is_number(interval)
	unread(key)
}

counted(key, interval) := d if {
	is_number(interval)
	unstated(key)
	not unread(key)
	d := since(key.created_at_ns, key.created_at_age_days, interval)
}

unread(key) if {
	unstated(key)
	"last_rotated_at" in key.missing_fields
}

unstated(key) if not key.rotated_basis in stated

unstated(key) if key.last_rotated_at_ns == null

since(begin, _, _) := {"status": "unknown", "reason": "since when the next rotation is due is not known"} if begin == null

since(begin, days, interval) := d if {
	is_number(begin)
	d := late((now - begin) - (interval * 86400000000000), days - interval)
}

late(ns, days) := {"status": status, "evidence": {"late_days": max([0, days]), "grace_days": grace}} if {
	status := verdict[ns > grace_ns]
}

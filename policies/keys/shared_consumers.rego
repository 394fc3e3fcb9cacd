# METADATA
# title: Every consumer has an API key of its own
# description: >-
#   A key that several services share cannot be traced to one of them, holds the powers of all, and is
#   never rotated because nobody dares.
# scope: package
# custom:
#   version: 1.0.0
#   severity: medium
#   subject: key
#   needs: [status, consumers]
#   params:
#     max_consumers:
#       description: How many consumers may use one key.
#       type: integer
#       minimum: 1
#       maximum: 100
#       default: 1
#       source: OWASP Non-Human Identities Top 10 2025, NHI9 (reuse)
#   message: "used by {consumer_count:consumer} (at most {max_consumers}): {consumers}"
#   remediation: >-
#     Give each consumer a key of its own with the powers that it needs, then deactivate the shared
#     one.
#   examples:
#     - title: one consumer
#       status: pass
#       subject: {consumers: [checkout]}
#     - title: two consumers
#       status: fail
#       subject: {consumers: [checkout, reports]}
#     - title: two consumers, which are allowed here
#       status: pass
#       params: {max_consumers: 2}
#       subject: {consumers: [checkout, reports]}
#     - title: who uses it is not known
#       status: unknown
#       subject: {consumers: []}
#     - title: who uses it could not be read
#       status: unknown
#       subject: {consumers: [checkout], missing_fields: [consumers]}
#     - title: a key that is off
#       status: skip
#       subject: {status: deactivated, consumers: [checkout, reports]}
package keyproof.keys.shared_consumers

usable := {"active", "pre_active", "compromised"}

verdict := {true: "fail", false: "pass"}

max_consumers := input.params.max_consumers if is_number(input.params.max_consumers)

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

decision(key) := {"status": "unknown", "reason": "who uses the key could not be read"} if key.consumers == null

decision(key) := {"status": "unknown", "reason": "who uses the key is not known"} if key.consumers == []

decision(key) := {"status": status, "evidence": evidence} if {
	is_array(key.consumers)
	consumers := {consumer | some consumer in key.consumers}
	count(consumers) > 0
	status := verdict[count(consumers) > max_consumers]
	evidence := {"consumers": sort(consumers), "consumer_count": count(consumers), "max_consumers": max_consumers}
}

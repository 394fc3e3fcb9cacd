# METADATA
# title: A principal works in one environment
# description: >-
#   An identity with keys for test and for production carries a leak of the one into the other, and
#   its log does not tell the two apart.
# scope: package
# custom:
#   version: 1.0.0
#   severity: medium
#   subject: principal
#   needs: [keys, keys_complete]
#   params: {}
#   message: "its active keys work in: {environments}"
#   remediation: >-
#     Make an identity for each environment, move the keys' callers, then deactivate the old keys.
#   examples:
#     - title: production only
#       status: pass
#       subject: {keys: [{environment: production}, {environment: production}]}
#     - title: production and test
#       status: fail
#       subject: {keys: [{environment: production}, {environment: test}]}
#     - title: production, and a test key that is off
#       status: pass
#       subject: {keys: [{environment: production}, {environment: test, status: deactivated}]}
#     - title: of one key the environment is not known
#       status: unknown
#       subject: {keys: [{environment: production}, {environment: null}]}
#     - title: not every key could be read
#       status: unknown
#       subject: {keys: [{environment: production}], keys_complete: false}
#     - title: the keys could not be read
#       status: unknown
#       subject: {keys: [{environment: production}], missing_fields: [keys]}
#     - title: no active key
#       status: skip
#       subject: {keys: [{environment: production, status: expired}]}
package keyproof.principals.mixed_environments

usable := {"active", "pre_active", "compromised"}

nothing := {null, ""}

decisions[id] := d if {
	some principal in input.subjects
	id := principal.id
	d := decision(principal)
}

decision(principal) := {"status": "unknown", "reason": "the principal's keys could not be read"} if principal.keys == null

decision(principal) := d if {
	is_array(principal.keys)
	names := {key.environment | some key in principal.keys; key.status in usable} - nothing
	d := judged(names, dark(principal), count([1 | some key in principal.keys; key.status in usable]))
}

dark(principal) := count([1 | some key in principal.keys; unsure(key)]) + count([1 | principal.keys_complete == false])

unsure(key) if key.status == null

unsure(key) if {
	key.status in usable
	key.environment in nothing
}

judged(names, _, _) := {"status": "fail", "evidence": {"environments": sort(names)}} if count(names) > 1

judged(names, unknowns, active) := {"status": "pass", "evidence": {"environments": sort(names)}} if {
	count(names) == 1
	unknowns == 0
	active > 0
}

judged(names, unknowns, _) := {"status": "unknown", "reason": "not every key of the principal, or its environment, is known"} if {
	count(names) <= 1
	unknowns > 0
}

judged(_, unknowns, active) := {"status": "skip", "reason": "the principal has no active key"} if {
	unknowns == 0
	active == 0
}

# METADATA
# title: No key that is known to be compromised is left in place
# description: >-
#   Some issuers mark a key that they saw leaked or abused. Until it is deactivated somebody else may
#   be using it. A pass says only that the issuer does not call the key compromised.
# scope: package
# custom:
#   version: 1.0.0
#   severity: critical
#   subject: key
#   needs: [status]
#   params: {}
#   message: "its issuer says: {state}"
#   remediation: >-
#     Deactivate the key now, replace it for its callers, and look through its issuer's log for uses
#     that nobody can explain.
#   examples:
#     - title: an active key
#       status: pass
#       subject: {status: active}
#     - title: the issuer calls it compromised
#       status: fail
#       subject: {status: compromised}
#     - title: the status could not be read
#       status: unknown
#       subject: {status: active, missing_fields: [status]}
#     - title: a key that is off
#       status: skip
#       subject: {status: deactivated}
package keyproof.keys.compromised

off := {"suspended", "deactivated", "destroyed", "expired"}

verdict := {true: "fail", false: "pass"}

decisions[id] := d if {
	some key in input.subjects
	id := key.id
	d := decision(key.status)
}

decision(status) := {"status": "unknown", "reason": "the key's status is not known"} if status == null

decision(status) := {"status": "skip", "reason": "the key is off"} if status in off

decision(status) := {"status": found, "evidence": {"state": status}} if {
	is_string(status)
	not status in off
	found := verdict[status == "compromised"]
}

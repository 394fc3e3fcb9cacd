# METADATA
# title: The root account has no API key
# description: >-
#   Nothing limits what root may do, and nobody can be told apart behind it. It has no key for
#   programs, not even for a short time.
# scope: package
# custom:
#   version: 1.0.0
#   severity: critical
#   subject: principal
#   needs: [principal_type, root_keys_active]
#   params: {}
#   message: "{root_keys:active root key}"
#   remediation: >-
#     Make a role with the rights that are needed, move the key's callers to it, then delete the root
#     key while signed in as root.
#   examples:
#     - title: root without keys
#       status: pass
#       subject: {principal_type: root, root_keys_active: 0}
#     - title: root with a key
#       status: fail
#       subject: {principal_type: root, root_keys_active: 1}
#     - title: nobody reports root's keys
#       status: unknown
#       subject: {principal_type: root, root_keys_active: null}
#     - title: root's keys could not be read
#       status: unknown
#       subject: {principal_type: root, root_keys_active: 0, missing_fields: [root_keys_active]}
#     - title: a user
#       status: skip
#       subject: {principal_type: user}
package keyproof.principals.root_key

verdict := {true: "fail", false: "pass"}

decisions[id] := d if {
	some principal in input.subjects
	id := principal.id
	d := decision(principal)
}

decision(principal) := {"status": "unknown", "reason": "its type is not known"} if principal.principal_type == null

decision(principal) := {"status": "skip", "reason": "not the root account"} if {
	is_string(principal.principal_type)
	principal.principal_type != "root"
}

decision(principal) := {"status": "unknown", "reason": "how many keys root has is not known"} if {
	principal.principal_type == "root"
	principal.root_keys_active == null
}

decision(principal) := {"status": status, "evidence": evidence} if {
	principal.principal_type == "root"
	is_number(principal.root_keys_active)
	status := verdict[principal.root_keys_active > 0]
	evidence := {"root_keys": principal.root_keys_active}
}

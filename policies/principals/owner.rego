# METADATA
# title: Every service identity has an owner
# description: >-
#   A person answers for themselves; a service account, an application or a user without a console
#   needs somebody who does. Identities without an active key are not looked at.
# scope: package
# custom:
#   version: 1.0.0
#   severity: medium
#   subject: principal
#   needs: [principal_type, active, console_access, owner, owner_source, keys, keys_complete]
#   params:
#     accept_inferred:
#       description: Whether an owner that was only inferred (from a creator, say) is enough.
#       type: boolean
#       default: false
#       source: "keyproof's own: a creator may have left, or made the identity for another"
#   message: "owner: {owner} (known from: {owner_source}); {active_keys:active key}"
#   remediation: >-
#     Tag the identity with its owner, or map its name to a team under 'owners:' in keyproof.yaml.
#   examples:
#     - title: a service account with a team
#       status: pass
#       subject: {principal_type: service_account, owner: payments, owner_source: tag, keys: [{}]}
#     - title: a service account of nobody
#       status: fail
#       subject: {principal_type: service_account, keys: [{}]}
#     - title: a user without a console, of nobody
#       status: fail
#       subject: {principal_type: user, console_access: false, keys: [{}]}
#     - title: only inferred
#       status: fail
#       subject: {principal_type: app, owner: ada, owner_source: inferred, keys: [{}]}
#     - title: only inferred, which is enough here
#       status: pass
#       params: {accept_inferred: true}
#       subject: {principal_type: app, owner: ada, owner_source: inferred, keys: [{}]}
#     - title: whether it is a person is not known
#       status: unknown
#       subject: {principal_type: user, keys: [{}]}
#     - title: the tags could not be read
#       status: unknown
#       subject: {principal_type: app, keys: [{}], missing_fields: [owner]}
#     - title: whether it has keys could not be read
#       status: unknown
#       subject: {principal_type: app, keys: [], keys_complete: false}
#     - title: a person
#       status: skip
#       subject: {principal_type: user, console_access: true, keys: [{}]}
#     - title: it has no active key
#       status: skip
#       subject: {principal_type: app, keys: [{status: deactivated}]}
#     - title: an account that is off
#       status: skip
#       subject: {principal_type: app, active: false, keys: [{}]}
package keyproof.principals.owner

usable := {"active", "pre_active", "compromised"}

services := {"service_account", "app", "consumer", "sub_account"}

verdict := {true: "pass", false: "fail"}

kind_of_user := {true: "person", false: "service", null: "unknown"}

accept_inferred := input.params.accept_inferred if is_boolean(input.params.accept_inferred)

enough := {"tag": true, "native": true, "mapping": true, "inferred": accept_inferred, "none": accept_inferred}

nobody := {null, ""}

decisions[id] := d if {
	some principal in input.subjects
	id := principal.id
	d := decision(principal)
}

kind(principal) := "unknown" if principal.principal_type == null

kind(principal) := "service" if principal.principal_type in services

kind(principal) := "person" if principal.principal_type == "root"

kind(principal) := kind_of_user[principal.console_access] if principal.principal_type == "user"

held(principal) := "unknown" if principal.keys == null

held(principal) := "some" if open_keys(principal) > 0

held(principal) := "none" if {
	open_keys(principal) == 0
	principal.keys_complete == true
	count([1 | some key in principal.keys; key.status == null]) == 0
}

held(principal) := "unknown" if {
	open_keys(principal) == 0
	not principal.keys_complete
}

held(principal) := "unknown" if {
	open_keys(principal) == 0
	principal.keys_complete == true
	count([1 | some key in principal.keys; key.status == null]) > 0
}

open_keys(principal) := count([1 | some key in principal.keys; key.status in usable]) if is_array(principal.keys)

decision(principal) := {"status": "skip", "reason": "the account is off; principals.offboarded looks at its keys"} if principal.active == false

decision(principal) := d if {
	not principal.active == false
	d := looked_at(principal, kind(principal), held(principal))
}

looked_at(_, kind_of, _) := {"status": "skip", "reason": "a person answers for themselves"} if kind_of == "person"

looked_at(_, kind_of, keys) := {"status": "skip", "reason": "the identity has no active key"} if {
	kind_of != "person"
	keys == "none"
}

looked_at(_, kind_of, keys) := {"status": "unknown", "reason": "whether this is a service with a key is not known"} if {
	kind_of != "person"
	keys != "none"
	"unknown" in {kind_of, keys}
}

looked_at(principal, kind_of, keys) := d if {
	kind_of == "service"
	keys == "some"
	d := owned(principal)
}

owned(principal) := {"status": status, "evidence": evidence} if {
	not principal.owner in nobody
	status := verdict[enough[principal.owner_source]]
	evidence := {
		"owner": principal.owner, "owner_source": principal.owner_source,
		"active_keys": open_keys(principal),
	}
}

owned(principal) := {"status": "fail", "evidence": evidence} if {
	principal.owner in nobody
	not "owner" in principal.missing_fields
	evidence := {"owner": "none", "owner_source": "none", "active_keys": open_keys(principal)}
}

owned(principal) := {"status": "unknown", "reason": "the identity's owner could not be read"} if {
	principal.owner in nobody
	"owner" in principal.missing_fields
}

# METADATA
# title: API keys are kept in a secrets manager
# description: >-
#   A key in a file, a wiki or a mailbox is read by whoever gets there, and nobody knows. A secrets
#   manager encrypts it, limits who may read it and records who did.
# scope: package
# custom:
#   version: 1.0.0
#   severity: medium
#   subject: key
#   needs: [status, storage_refs]
#   params:
#     accepted:
#       description: The systems in which a key may be kept, by the names that the inventory uses.
#       type: array
#       minItems: 1
#       items: {type: string}
#       default: [aws_secrets_manager, aws_parameter_store, azure_key_vault, gcp_secret_manager, hashicorp_vault]
#       source: "keyproof's own: systems that encrypt, limit and record each reading"
#   message: "kept in: {systems}; not accepted: {elsewhere}"
#   remediation: >-
#     Move the key into a secrets manager, let its callers read it from there, rotate it, and delete
#     the copies.
#   examples:
#     - title: in a secrets manager
#       status: pass
#       subject: {storage_refs: [{system: aws_secrets_manager, path: shop/api}]}
#     - title: in a file
#       status: fail
#       subject: {storage_refs: [{system: file, path: /etc/shop.env}]}
#     - title: in a secrets manager and in a wiki
#       status: fail
#       subject: {storage_refs: [{system: hashicorp_vault, path: shop/api}, {system: wiki, path: Onboarding}]}
#     - title: where it is kept is not known
#       status: unknown
#       subject: {storage_refs: []}
#     - title: where it is kept could not be read
#       status: unknown
#       subject: {storage_refs: [{system: aws_secrets_manager, path: shop/api}], missing_fields: [storage_refs]}
#     - title: a key that is off
#       status: skip
#       subject: {status: deactivated, storage_refs: [{system: file, path: /etc/shop.env}]}
package keyproof.keys.stored_in_manager

usable := {"active", "pre_active", "compromised"}

verdict := {true: "pass", false: "fail"}

accepted := {system | some system in input.params.accepted}

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

decision(key) := {"status": "unknown", "reason": "where the key is kept could not be read"} if key.storage_refs == null

decision(key) := {"status": "unknown", "reason": "where the key is kept is not known"} if key.storage_refs == []

decision(key) := {"status": status, "evidence": evidence} if {
	is_array(key.storage_refs)
	systems := {ref.system | some ref in key.storage_refs}
	count(systems) > 0
	elsewhere := systems - accepted
	count(accepted) > 0
	status := verdict[count(elsewhere) == 0]
	evidence := {"systems": sort(systems), "elsewhere": sort(elsewhere)}
}

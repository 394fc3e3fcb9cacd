# METADATA
# title: Every API key has an owner
# description: >-
#   A key without an accountable person or team is one that nobody rotates, reviews or revokes. The
#   owner of its principal counts as its own.
# scope: package
# custom:
#   version: 1.0.0
#   severity: medium
#   subject: key
#   needs: [status, owner, owner_source, principal_owner]
#   params:
#     accept_inferred:
#       description: Whether an owner that was only inferred (from a creator, say) is enough.
#       type: boolean
#       default: false
#       source: "keyproof's own: a creator may have left, or made the key for another"
#   message: "owner: {owner} (known from: {owner_source})"
#   remediation: >-
#     Tag the key with its owner, or map its name to a team under 'owners:' in keyproof.yaml.
#   examples:
#     - title: tagged with a team
#       status: pass
#       subject: {owner: payments, owner_source: tag}
#     - title: its principal has an owner
#       status: pass
#       subject: {principal: {owner: payments, owner_source: native}}
#     - title: nobody
#       status: fail
#       subject: {owner: null}
#     - title: only inferred
#       status: fail
#       subject: {owner: ada, owner_source: inferred}
#     - title: only inferred, which is enough here
#       status: pass
#       params: {accept_inferred: true}
#       subject: {owner: ada, owner_source: inferred}
#     - title: the tags could not be read
#       status: unknown
#       subject: {missing_fields: [owner]}
#     - title: a key that is gone
#       status: skip
#       subject: {status: destroyed}
package keyproof.keys.owner

gone := {"deactivated", "destroyed", "expired"}

verdict := {true: "pass", false: "fail"}

accept_inferred := input.params.accept_inferred if is_boolean(input.params.accept_inferred)

enough := {"tag": true, "native": true, "mapping": true, "inferred": accept_inferred, "none": accept_inferred}

nobody := {null, ""}

decisions[id] := d if {
	some key in input.subjects
	key.status == null
	id := key.id
	d := {"status": "unknown", "reason": "the key's status is not known"}
}

decisions[id] := d if {
	some key in input.subjects
	key.status in gone
	id := key.id
	d := {"status": "skip", "reason": "the key cannot be used any more"}
}

present := [key | some key in input.subjects; is_string(key.status); not key.status in gone]

decisions[id] := d if {
	some key in present
	not key.owner in nobody
	id := key.id
	status := verdict[enough[key.owner_source]]
	d := {"status": status, "evidence": {"owner": key.owner, "owner_source": key.owner_source}}
}

unowned := [key | some key in present; key.owner in nobody]

decisions[id] := d if {
	some key in unowned
	not key.principal_owner in nobody
	id := key.id
	d := {"status": "pass", "evidence": {"owner": key.principal_owner, "owner_source": "its principal"}}
}

decisions[id] := d if {
	some key in unowned
	key.principal_owner in nobody
	id := key.id
	d := nobody_owns(key.missing_fields)
}

nobody_owns(unread) := {"status": "fail", "evidence": {"owner": "none", "owner_source": "none"}} if not "owner" in unread

nobody_owns(unread) := {"status": "unknown", "reason": "the key's owner could not be read"} if "owner" in unread

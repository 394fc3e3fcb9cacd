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

decisions[id] := d if {
	some key in input.subjects
	id := key.id
	d := decision(key)
}

decision(key) := {"status": "unknown", "reason": "the key's status is not known"} if key.status == null

decision(key) := {"status": "skip", "reason": "the key cannot be used any more"} if key.status in gone

decision(key) := d if {
	is_string(key.status)
	not key.status in gone
	d := owned(key, accountable(key))
}

accountable(key) := {"name": key.owner, "source": key.owner_source} if has_own(key)

accountable(key) := {"name": key.principal_owner, "source": "its principal"} if {
	not has_own(key)
	has_principals(key)
}

accountable(key) := {"name": "none", "source": "none"} if {
	not has_own(key)
	not has_principals(key)
}

has_own(key) if {
	is_string(key.owner)
	key.owner != ""
}

has_principals(key) if {
	is_string(key.principal_owner)
	key.principal_owner != ""
}

unread(key) if "owner" in key.missing_fields

owned(key, found) := {"status": "unknown", "reason": "the key's owner could not be read"} if {
	unread(key)
	found.source == "none"
}

owned(key, found) := {"status": status, "evidence": evidence} if {
	readable(key, found)
	accept := input.params.accept_inferred
	is_boolean(accept)
	is_string(found.source)
	status := {true: "pass", false: "fail"}[accepted(found.source, accept)]
	evidence := {"owner": found.name, "owner_source": found.source}
}

readable(key, _) if not unread(key)

readable(_, found) if found.source != "none"

accepted(source, _) := false if source == "none"

accepted(source, accept) := accept if source == "inferred"

accepted(source, _) := true if not source in {"none", "inferred"}

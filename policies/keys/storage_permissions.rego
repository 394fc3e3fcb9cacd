# METADATA
# title: A file with a key is read by its owner alone
# description: >-
#   A key in a file that others may read is theirs too. This looks at the modes of the files that a
#   source can see, keyproof's own identity key among them.
# scope: package
# custom:
#   version: 1.0.0
#   severity: high
#   subject: key
#   needs: [status, storage_refs]
#   params:
#     readers:
#       description: Who may read a file that holds a key.
#       type: array
#       minItems: 1
#       items:
#         type: string
#         enum: [owner, group, everyone]
#       default: [owner]
#       source: keyproof's own; OpenSSH refuses a private key that others can read
#   message: "{open:file} of {files} can be read by others than: {readers}"
#   remediation: >-
#     Take the right away (chmod 600), find out who could read the file meanwhile, and rotate the key
#     unless nobody but its owner ever had an account there.
#   examples:
#     - title: its owner alone
#       status: pass
#       subject: {storage_refs: [{system: file, path: identity.key, readable_by: owner}]}
#     - title: everyone on the machine
#       status: fail
#       subject: {storage_refs: [{system: file, path: identity.key, readable_by: everyone}]}
#     - title: one of two files is open to a group
#       status: fail
#       subject: {storage_refs: [{system: file, path: a, readable_by: owner}, {system: file, path: b, readable_by: group}]}
#     - title: a group is allowed
#       status: pass
#       params: {readers: [owner, group]}
#       subject: {storage_refs: [{system: file, path: b, readable_by: group}]}
#     - title: a file whose mode nobody looked at
#       status: unknown
#       subject: {storage_refs: [{system: file, path: a}]}
#     - title: where the key lies could not be read
#       status: unknown
#       subject: {storage_refs: [{system: file, path: a, readable_by: owner}], missing_fields: [storage_refs]}
#     - title: no file is known to hold it
#       status: skip
#       subject: {storage_refs: [{system: vault, path: kv/shop}]}
#     - title: a key that is off
#       status: skip
#       subject: {status: destroyed, storage_refs: [{system: file, path: a, readable_by: everyone}]}
package keyproof.keys.storage_permissions

gone := {"destroyed", "deactivated", "expired"}

verdict := {true: "fail", false: "pass"}

allowed := {who | some who in input.params.readers}

decisions[id] := d if {
	some key in input.subjects
	id := key.id
	d := decision(key)
}

decision(key) := {"status": "unknown", "reason": "the key's status is not known"} if key.status == null

decision(key) := {"status": "skip", "reason": "the key cannot be used any more"} if key.status in gone

decision(key) := {"status": "unknown", "reason": "where the key lies is not known"} if {
	present(key)
	key.storage_refs == null
}

decision(key) := d if {
	present(key)
	is_array(key.storage_refs)
	files := [place | some place in key.storage_refs; place.system == "file"]
	d := judged(files)
}

present(key) if {
	is_string(key.status)
	not key.status in gone
}

judged(files) := {"status": "skip", "reason": "no file is known to hold the key"} if count(files) == 0

judged(files) := {"status": "unknown", "reason": "who may read the file is not known"} if {
	count(files) > 0
	not decided(files)
}

judged(files) := {"status": status, "evidence": {"open": count(open(files)), "files": count(files), "readers": sort(allowed)}} if {
	decided(files)
	count(files) > 0
	count(allowed) > 0
	status := verdict[count(open(files)) > 0]
}

decided(files) if count(open(files)) > 0

decided(files) if count(unseen(files)) == 0

open(files) := [place | some place in files; is_string(place.readable_by); not place.readable_by in allowed]

unseen(files) := [place | some place in files; place.readable_by == null]

# METADATA
# title: Keys hold no permissions that nobody uses
# description: >-
#   A permission that was never used serves only whoever steals the key. Where the issuer, or a log,
#   says which of a key's permissions were used, the others are to go.
# scope: package
# custom:
#   version: 1.0.0
#   severity: low
#   subject: key
#   needs: [status, unused_scopes]
#   params:
#     tolerated:
#       description: How many unused permissions a key may keep.
#       type: integer
#       minimum: 0
#       maximum: 1000
#       default: 0
#       source: keyproof's own; NIST SP 800-53 r5, AC-6(7) has the organisation set it
#   message: "{unused:permission} nobody uses ({permissions}); {limit} tolerated"
#   remediation: >-
#     Take the named permissions away, one at a time, and watch the issuer's log for refusals; where a
#     job runs once a year, say so in a waiver.
#   examples:
#     - title: all are used
#       status: pass
#       subject: {unused_scopes: []}
#     - title: two are not
#       status: fail
#       subject: {unused_scopes: ["s3:DeleteBucket", "sqs:*"]}
#     - title: nobody says what is used
#       status: unknown
#       subject: {}
#     - title: what is used could not be read
#       status: unknown
#       subject: {unused_scopes: [], missing_fields: [unused_scopes]}
#     - title: a key that is off
#       status: skip
#       subject: {status: deactivated, unused_scopes: ["sqs:*"]}
package keyproof.keys.unused_permissions

usable := {"active", "pre_active", "compromised"}

verdict := {true: "fail", false: "pass"}

decisions[id] := d if {
	some key in input.subjects
	id := key.id
	d := decision(key)
}

decision(key) := {"status": "unknown", "reason": "the key's status is not known"} if key.status == null

decision(key) := {"status": "skip", "reason": "the key is not active"} if {
	is_string(key.status)
	not key.status in usable
}

decision(key) := {"status": "unknown", "reason": "which permissions are used is not known"} if {
	key.status in usable
	key.unused_scopes == null
}

decision(key) := {"status": status, "evidence": {"unused": unused, "permissions": sort(key.unused_scopes), "limit": limit}} if {
	key.status in usable
	is_array(key.unused_scopes)
	limit := input.params.tolerated
	is_number(limit)
	unused := count(key.unused_scopes)
	status := verdict[unused > limit]
}

# METADATA
# title: No secret stands in a repository
# description: >-
#   A secret in code, history, messages or notes is known to everyone with a clone, and to every
#   backup of it. A baseline or an inline comment waives this finding; it does not undo the leak.
#   One that stands in today's tree fails sources.hard_coded too, which judges the source.
# scope: package
# custom:
#   version: 1.0.0
#   severity: high
#   subject: leak
#   needs: [confidence, occurrences_total, occurrences_suppressed, occurrences_in_head]
#   params:
#     minimum_confidence:
#       description: Leaks of less confidence than this are skipped; they stay in the list of leaks.
#       type: string
#       enum: [low, medium, high]
#       default: low
#       source: "keyproof's own: nothing is passed over unless somebody decides so"
#   message: "stands in {occurrences:place}, {unsuppressed} of them not accepted; in the current tree: {in_head}"
#   remediation: >-
#     Revoke or rotate the secret first. Then move it into a secrets manager, remove it from the
#     code, and keep it out with 'keyproof hook install'.
#   examples:
#     - title: a secret in one place
#       status: fail
#       subject: {occurrences: [{in_head: true}]}
#     - title: a secret in history only
#       status: fail
#       subject: {occurrences: [{in_head: false}, {in_head: false}]}
#     - title: a secret that a baseline accepts is waived by the host, not passed here
#       status: fail
#       subject: {occurrences: [{suppression: {kind: baseline, marker: .secrets.baseline}}]}
#     - title: a guess
#       status: skip
#       params: {minimum_confidence: medium}
#       subject: {confidence: low}
#     - title: where it stands could not be read
#       status: unknown
#       subject: {missing_fields: [occurrences_total]}
package keyproof.leaks.secret_in_history

rank := {"low": 1, "medium": 2, "high": 3}

decisions[id] := d if {
	some leak in input.subjects
	id := leak.id
	d := decision(leak)
}

least := rank[input.params.minimum_confidence]

decision(leak) := {"status": "skip", "reason": "less sure than this organisation's minimum"} if rank[leak.confidence] < least

decision(leak) := {"status": "unknown", "reason": "its confidence is not known"} if leak.confidence == null

decision(leak) := d if {
	rank[leak.confidence] >= least
	d := counted(leak)
}

counted(leak) := {"status": "unknown", "reason": "where the secret stands could not be read"} if leak.occurrences_total == null

counted(leak) := {"status": "fail", "evidence": evidence} if {
	is_number(leak.occurrences_total)
	is_number(leak.occurrences_suppressed)
	open := leak.occurrences_total - leak.occurrences_suppressed
	evidence := {
		"occurrences": leak.occurrences_total,
		"unsuppressed": open,
		"suppressed": accepted(open),
		"in_head": present(leak.occurrences_in_head),
	}
}

accepted(open) if open == 0

accepted(open) := false if open != 0

present(heads) := "not known" if heads == null

present(heads) := "yes" if heads > 0

present(heads) := "no" if heads == 0

# METADATA
# title: No secret is hard-coded in the current tree
# description: >-
#   A secret in today's code is one that the program uses: it is copied with every clone, build and
#   backup, and rotating it breaks the program. A place that a comment or a baseline accepts is left
#   to leaks.secret_in_history, where the acceptance shows.
# scope: package
# custom:
#   version: 1.0.0
#   severity: medium
#   subject: leak
#   needs: [confidence, occurrences_total, occurrences_suppressed, occurrences_in_head]
#   params:
#     minimum_confidence:
#       description: Leaks of less confidence than this are skipped; they stay in the list of leaks.
#       type: string
#       enum: [low, medium, high]
#       default: low
#       source: "keyproof's own: nothing is passed over unless somebody decides so"
#   message: "stands in {in_head:place} of the current tree"
#   remediation: >-
#     Let the program read the secret from its environment or a secrets manager, rotate it, and remove
#     it from the code.
#   examples:
#     - title: it stands in the history only
#       status: pass
#       subject: {occurrences: [{in_head: false}]}
#     - title: it stands in today's code
#       status: fail
#       subject: {occurrences: [{in_head: true}, {in_head: false}]}
#     - title: what the current tree is is not known
#       status: unknown
#       subject: {occurrences: [{in_head: null}]}
#     - title: what the current tree holds could not be read
#       status: unknown
#       subject: {occurrences: [{in_head: false}], missing_fields: [in_head]}
#     - title: a guess
#       status: skip
#       params: {minimum_confidence: medium}
#       subject: {confidence: low, occurrences: [{in_head: true}]}
#     - title: every place is accepted
#       status: skip
#       subject: {occurrences: [{in_head: true, suppression: {kind: baseline, marker: .secrets.baseline}}]}
package keyproof.leaks.at_head

rank := {"low": 1, "medium": 2, "high": 3}

verdict := {true: "fail", false: "pass"}

least := rank[input.params.minimum_confidence]

decisions[id] := d if {
	some leak in input.subjects
	id := leak.id
	d := decision(leak)
}

decision(leak) := {"status": "unknown", "reason": "how sure this leak is is not known"} if leak.confidence == null

decision(leak) := {"status": "skip", "reason": "less sure than this organisation's minimum"} if rank[leak.confidence] < least

decision(leak) := d if {
	rank[leak.confidence] >= least
	d := placed(leak, accepted(leak))
}

accepted(leak) if {
	is_number(leak.occurrences_total)
	leak.occurrences_total > 0
	leak.occurrences_suppressed == leak.occurrences_total
}

accepted(leak) := false if leak.occurrences_total == null

accepted(leak) := false if leak.occurrences_suppressed != leak.occurrences_total

placed(_, waived) := {"status": "skip", "reason": "every place is accepted; leaks.secret_in_history shows by whom"} if waived

placed(leak, waived) := {"status": "unknown", "reason": "whether the secret stands in the current tree is not known"} if {
	not waived
	leak.occurrences_in_head == null
}

placed(leak, waived) := {"status": status, "evidence": {"in_head": leak.occurrences_in_head}} if {
	not waived
	is_number(leak.occurrences_in_head)
	status := verdict[leak.occurrences_in_head > 0]
}

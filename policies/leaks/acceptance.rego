# METADATA
# title: Whoever accepts a leak says why, and until when
# description: >-
#   A baseline or a comment waives leaks.secret_in_history for a place. That is a decision about a
#   risk: it needs a reason, and an end at which somebody looks again.
# scope: package
# custom:
#   version: 1.0.0
#   severity: low
#   subject: leak
#   needs: [occurrences]
#   params:
#     endless:
#       description: Kinds of statements that need no end.
#       type: array
#       items: {type: string, enum: [baseline, inline]}
#       default: [inline]
#       source: "keyproof's own: a comment is reviewed with the line that it stands in"
#   message: "accepted in {accepted_places:place}: {without_reason} without a reason, {without_end} without an end"
#   remediation: >-
#     Write the reason beside the acceptance and, in a baseline, the day on which it ends; 'keyproof
#     hook baseline --reason' does both. Better: remove the secret.
#   examples:
#     - title: a baseline entry with a reason and an end
#       status: pass
#       subject: {occurrences: [{suppression: {kind: baseline, marker: a, reason: a sample, expires_on: "2027-01-01"}}]}
#     - title: a comment with a reason
#       status: pass
#       subject: {occurrences: [{suppression: {kind: inline, marker: allow, reason: a sample}}]}
#     - title: a comment without a reason
#       status: fail
#       subject: {occurrences: [{suppression: {kind: inline, marker: allow}}]}
#     - title: a baseline entry without an end
#       status: fail
#       subject: {occurrences: [{suppression: {kind: baseline, marker: a, reason: a sample}}]}
#     - title: where it stands could not be read
#       status: unknown
#       subject: {missing_fields: [occurrences]}
#     - title: nobody accepts it
#       status: skip
#       subject: {occurrences: [{}]}
package keyproof.leaks.acceptance

nothing := {null, ""}

verdict := {true: "pass", false: "fail"}

endless := {kind | some kind in input.params.endless}

decisions[id] := d if {
	some leak in input.subjects
	id := leak.id
	d := decision(leak)
}

decision(leak) := {"status": "unknown", "reason": "where the secret stands could not be read"} if unread(leak)

decision(leak) := d if {
	not unread(leak)
	is_array(leak.occurrences)
	accepted := [place | some place in leak.occurrences; is_string(place.suppression_kind)]
	d := judged(accepted)
}

unread(leak) if leak.occurrences == null

unread(leak) if "occurrences" in leak.missing_fields

judged(accepted) := {"status": "skip", "reason": "nobody accepts this leak"} if accepted == []

judged(accepted) := {"status": status, "evidence": evidence} if {
	accepted != []
	is_array(input.params.endless)
	silent := count([1 | some place in accepted; place.suppression_reason in nothing])
	unending := count([1 | some place in accepted; unended(place)])
	status := verdict[(silent + unending) == 0]
	evidence := {"accepted_places": count(accepted), "without_reason": silent, "without_end": unending}
}

unended(place) if {
	place.suppression_expires_on in nothing
	not place.suppression_kind in endless
}

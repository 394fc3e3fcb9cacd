# METADATA
# title: Every source was read whole
# description: >-
#   What was not read is not under control, whatever the other policies say of the rest. The gaps of
#   the report name each call, and how to mend it.
# scope: package
# custom:
#   version: 1.0.0
#   severity: medium
#   subject: source
#   needs: [complete, scope, gaps]
#   params: {}
#   message: "{unread:call} left something unread ({reasons})"
#   remediation: >-
#     'keyproof doctor' names the rights that are missing; the gaps of the report name the rest. Grant
#     them read-only, or fetch what the repository lacks, then scan again.
#   examples:
#     - title: read whole
#       status: pass
#       subject: {complete: true}
#     - title: a call was refused
#       status: fail
#       subject: {complete: false, gaps: [{reason: access_denied}]}
#     - title: left out without a word
#       status: fail
#       subject: {complete: false}
#     - title: the issuer does not report a field
#       status: unknown
#       subject: {complete: false, gaps: [{reason: not_reported, fields: [last_used_at]}]}
#     - title: a field could not be read
#       status: fail
#       subject: {complete: true, missing_fields: [owner]}
#     - title: only a part was asked for
#       status: skip
#       subject: {scope: partial, complete: false}
package keyproof.sources.read_whole

decisions[id] := d if {
	some source in input.subjects
	id := source.id
	d := decision(source)
}

decision(source) := {"status": "unknown", "reason": "what was asked of the source is not known"} if null in {source.scope, source.complete, source.gaps}

decision(source) := {"status": "skip", "reason": "only a part of the source was asked for"} if source.scope == "partial"

decision(source) := d if {
	source.scope == "whole"
	is_array(source.gaps)
	d := judged(source.complete, {gap.reason | some gap in source.gaps}, source.gaps)
}

judged(complete, reasons, _) := {"status": "pass", "evidence": {"unread": 0, "reasons": []}} if {
	complete == true
	count(reasons) == 0
}

judged(_, reasons, _) := {"status": "unknown", "reason": "the source does not report everything that was asked"} if reasons == {"not_reported"}

judged(complete, reasons, _) := {"status": "fail", "evidence": {"unread": 1, "reasons": ["not stated"]}} if {
	complete == false
	count(reasons) == 0
}

judged(_, reasons, gaps) := {"status": "fail", "evidence": {"unread": count(calls), "reasons": told}} if {
	count(reasons - {"not_reported"}) > 0
	calls := {gap.call | some gap in gaps; gap.reason != "not_reported"}
	told := sort([replace(reason, "_", " ") | some reason in reasons; reason != "not_reported"])
}

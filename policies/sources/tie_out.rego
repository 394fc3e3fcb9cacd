# METADATA
# title: What a source lists is what was read
# description: >-
#   A population that does not add up hides what is missing. Where a source counts its records itself,
#   those read and those left out on purpose must come to the same number.
# scope: package
# custom:
#   version: 1.0.0
#   severity: medium
#   subject: source
#   needs: [listed, parsed, excluded]
#   params: {}
#   message: "the source counts {listed:record}; {parsed} read, {excluded} left out"
#   remediation: >-
#     The gaps of the report name the records that could not be read. Mend them at the source, then
#     scan again.
#   examples:
#     - title: all of them
#       status: pass
#       subject: {listed: 10, parsed: 10}
#     - title: one left out on purpose
#       status: pass
#       subject: {listed: 10, parsed: 9, excluded: 1}
#     - title: one is missing
#       status: fail
#       subject: {listed: 10, parsed: 9}
#     - title: more than there are
#       status: fail
#       subject: {listed: 10, parsed: 11}
#     - title: the source does not count
#       status: unknown
#       subject: {parsed: 10}
#     - title: the source's count could not be read
#       status: unknown
#       subject: {parsed: 10, missing_fields: [listed]}
package keyproof.sources.tie_out

verdict := {true: "pass", false: "fail"}

decisions[id] := d if {
	some source in input.subjects
	id := source.id
	d := decision(source)
}

decision(source) := {"status": "unknown", "reason": "the source gives no count of its own"} if source.listed == null

decision(source) := {"status": status, "evidence": evidence} if {
	is_number(source.listed)
	is_number(source.parsed)
	is_number(source.excluded)
	status := verdict[source.listed == (source.parsed + source.excluded)]
	evidence := {"listed": source.listed, "parsed": source.parsed, "excluded": source.excluded}
}

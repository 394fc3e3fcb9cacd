"""One line a detector whose form was written down after the vendors' own, as in ``tables``."""

from __future__ import annotations

FORMS_OF_VENDORS = r"""
moralis.api_token MORALIS_API_KEY {jwt}
calendly.api_token CALENDLY_API_KEY {jwt}
tmdb.api_token TMDB_READ_ACCESS_TOKEN {jwt}
hygraph.permanent_token TOKEN eyJhbGciOiJSUzI1NiIsInR5cCI6IkpXVCIsImtpZCI6ImdjbXMtbWFpbi1wcm9kdWN0aW9uIn0.eyJ{a200}.{a342}
hygraph.api_token HYGRAPH_TOKEN {jwt}
upstash.redis_rest_token X A{Z3}AAInc{a47}
upstash.qstash_token X eyJVc2VySUQiOiI{a130}=
upstash.qstash_signing_key QSTASH_CURRENT_SIGNING_KEY sig_{a28}
upstash.api_key UPSTASH_API_KEY {U}
neptuneai.api_token X eyJhcGlfYWRkcmVzcyI6{a120}==
temporal.api_key X eyJhbGciOiJFUzI1NiIsImtpZCI6Ild2dHdhQSJ9.eyJ{a200}.{a86}
temporal.api_key_by_name TEMPORAL_API_KEY {jwt}
authress.access_key X sc_{a8}.{a4}.acc_{l10}.MC4{a60}
aikido.token X AIK_RUNTIME_{n5}_{n5}_EU_{a48}
gcnotify.api_key X gcntfy-my_key-{U}-{U}
localstack.auth_token X ls-{Z8}-{a4}-{a4}-{a4}-{a12}
openvsx.access_token X ovsxat_{U}
pangea.token X pts_{K32}
rainforestpay.api_key X sbx_apikey_{h64}
browseruse.api_key X bu_{w42}a
steeldev.api_key X ste-{a80}
creem.api_key X creem_test_{a22}
arcadedev.api_key X arc_o1{a50}
evernote.token X S=s1:U=8{h4}:E={h11}:C={h11}:P=1cd:A=en-devtoken:V=2:H={h32}
moonshot.coding_key X sk-kimi-{a64}
minimax.api_key X sk-cp-{w109}a
replicate.legacy_token REPLICATE_API_TOKEN {h40}
hubspot.personal_access_key X CiRuYTEt{a100}
posthog.oauth_token X pha_{a43}
volcengine.ark_api_key ARK_API_KEY {U}
salesforce.security_token SF_SECURITY_TOKEN {a24}
dependencytrack.api_key X odt_{a32}
dependencytrack.api_key X odt_{a8}_{a32}
storj.access_grant STORJ_ACCESS_GRANT 1{t300}
rancher.api_token X kubeconfig-user-{l5}:{l54}
vault.batch_token X hvb.{a24}
infisical.service_token X st.{U}.{h32}.{h32}
infisical.service_token X st.{U}.{h32}
growthbook.api_key X secret_admin_{a38}
coder.session_token CODER_SESSION_TOKEN {a10}-{a22}
"""

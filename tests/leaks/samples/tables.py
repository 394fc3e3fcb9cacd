"""One line a detector: what the vendor's document says that a value looks like."""

from __future__ import annotations

from tests.leaks.samples.commands import COMMANDS
from tests.leaks.samples.files import FILES
from tests.leaks.samples.vendors import VENDORS
from tests.leaks.samples.vendors_forms import FORMS_OF_VENDORS

CLOUD = r"""
azure.functions_key_older AZURE_FUNCTION_HOST_KEY {b54}==
akamai.client_token client_token akab-{l16}-{l16}
akamai.edgegrid_secret - [default]\nclient_token = akab-{l16}-{l16}\nclient_secret = [[{raw32}]]\nhost = akab-x.luna.akamaiapis.net
aws.ses_smtp_password SES_SMTP_PASSWORD B{b43}
aws.cognito_client_secret COGNITO_CLIENT_SECRET {l51}
azure.app_configuration_secret - conn=Endpoint=https://acme-conf.azconfig.io;Id=ab-l0-s0:{a20};Secret=[[{raw32}]]
azure.cosmos_key - conn=AccountEndpoint=https://acme.documents.azure.com:443/;AccountKey=[[{raw64}]];
aws.access_key_id AWS_ACCESS_KEY_ID {awskey}
aws.secret_access_key - [default]\naws_access_key_id = {awskey}\naws_secret_access_key = [[{b40}]]\n
aws.secret_access_key_by_name AWS_SECRET_ACCESS_KEY {b40}
aws.session_token AWS_SESSION_TOKEN IQoJb3JpZ2lu{b300}
aws.bedrock_api_key AWS_BEARER_TOKEN_BEDROCK ABSK{b128}
aws.bedrock_short_term_key AWS_BEARER_TOKEN_BEDROCK bedrock-api-key-{b200}
aws.mws_token MWS_AUTH amzn.mws.{U}
gcp.api_key GOOGLE_API_KEY AIza{w35}
gcp.oauth_client_secret GOOGLE_CLIENT_SECRET GOCSPX-{w28}
gcp.oauth_access_token access ya29.{w120}
gcp.oauth_refresh_token refresh 1//0{w60}
gcp.oauth_refresh_token_older refresh_token 1/{w42}a
gcp.oauth_access_token access ya29.c.{w200}
gcp.service_account_key - {"type": "service_account",\n "private_key_id": "{h40}",\n "private_key": "[[{pemline}]]"\n}
gcp.hmac_key - id: GOOG1E{u55}\nsecret: [[{b40}]]\n
gcp.fcm_server_key FCM_KEY AAAA{w7}:{w140}
azure.storage_account_key - DefaultEndpointsProtocol=https;AccountName=acct{l8};AccountKey=[[{raw64}]];EndpointSuffix=core.windows.net
azure.account_key storage_account_key {raw64}
azure.service_bus_key - Endpoint=sb://x.servicebus.windows.net/;SharedAccessKeyName=RootManage;SharedAccessKey=[[{raw32}]]
azure.shared_access_key - HostName=hub.azure-devices.net;DeviceId=d1;SharedAccessKey=[[{raw32}]]
azure.ad_client_secret AZURE_CLIENT_SECRET {a3}8Q~{a34}
azure.ad_client_secret_older ARM_CLIENT_SECRET {a34}
azure.sas_token - https://acct.blob.core.windows.net/c?sv=2022-11-02&ss=b&srt=sco&sp=rl&se=2030-01-01T00:00:00Z&spr=https&sig=[[{a43}%3D]]
azure.devops_pat AZURE_DEVOPS_EXT_PAT {a76}AZDO{a4}
azure.devops_pat_older AZURE_DEVOPS_PAT {K52}
azure.identifiable_key some_setting {a33}AIoT{a5}E=
azure.identifiable_key some_setting {b33}AzCa{b5}w=
azure.identifiable_account_key some_setting {a76}+ASt{a5}A==
azure.identifiable_account_key some_setting {a76}ACDb{a5}w==
azure.ai_services_key AZURE_KEY {a52}JQQJ99{a25}
azure.search_key search {a42}AzSe{a6}
azure.functions_key fn {w44}AzFu{w5}A==
azure.container_registry_password acr {a42}+ACRB{a5}
azure.cognitive_key Ocp-Apim-Subscription-Key {h32}
adafruit.key IO_KEY aio_{a28}
adobe.client_secret CLIENT p8e-{w32}
adobe.client_secret_by_name ADOBE_CLIENT_SECRET {h32}
aiven.service_password DB AVNS_{w19}
aiven.token AIVEN_TOKEN {b344}
alibaba.access_key_id ALIBABA_ID LTAI5t{a18}
alibaba.secret_access_key - LTAI5t{a18},[[{a30}]]
alibaba.secret_by_name ALIYUN_ACCESS_KEY_SECRET {a30}
tencent.secret_id TENCENT_ID AKID{a32}
tencent.secret_key - SecretId: AKID{a32}\nSecretKey: [[{a32}]]\n
volcengine.access_key_id VOLC AKLT{a44}
yandex.api_key YC_KEY AQVN{w36}
yandex.iam_token IAM t1.{w120}.{w86}
yandex.secret_key YCS YC{w38}
yandex.oauth_token OAUTH y0_{w55}
digitalocean.pat DO dop_v1_{h64}
digitalocean.oauth_token DO doo_v1_{h64}
digitalocean.refresh_token DO dor_v1_{h64}
digitalocean.spaces_secret - DO00{u16} [[{b43}]]
digitalocean.legacy_token DIGITALOCEAN_TOKEN {h64}
linode.pat LINODE_TOKEN {h64}
hetzner.api_token HCLOUD_TOKEN {a64}
vultr.api_key VULTR_API_KEY {u36}
scaleway.access_key_id SCW_ACCESS SCW{u17}
scaleway.secret_key - SCW{u17}:[[{U}]]
scaleway.secret_key_by_name SCW_SECRET_KEY {U}
ovh.secret OVH_APPLICATION_SECRET {a32}
exoscale.api_key EXO_KEY EXO{h24}
exoscale.secret - EXO{h24} / [[{w43}]]
ibm.api_key IBMCLOUD_API_KEY {w44}
ibm.cos_secret - "cos_hmac_keys": {"access_key_id": "{h32}", "secret_access_key": "[[{h48}]]"}
oracle.customer_secret_key OCI_CUSTOMER_SECRET {raw32}
heroku.api_key HK HRKU-AA{w58}
heroku.api_key_uuid HK HRKU-{U}
heroku.legacy_key HEROKU_API_KEY {U}
flyio.access_token FLY fo1_{w43}
flyio.macaroon FLY_API_TOKEN fm2_{b400}
vercel.token V vcp_{a56}
vercel.legacy_token VERCEL_TOKEN {a24}
vercel.blob_token BLOB vercel_blob_rw_{a16}_{a30}
netlify.token N nfp_{a36}
netlify.legacy_token NETLIFY_AUTH_TOKEN {w43}
netlify.build_hook - curl -X POST https://api.netlify.com/build_hooks/[[{h24}]]
render.api_key R rnd_{a28}
railway.token RAILWAY_TOKEN {U}
cloudflare.user_token CF cfut_{a40}{h8}
cloudflare.account_token CF cfat_{a40}{h8}
cloudflare.global_key CF cfk_{a40}{h8}
cloudflare.legacy_token CLOUDFLARE_API_TOKEN {w40}
cloudflare.legacy_global_key CLOUDFLARE_API_KEY {h37}
cloudflare.origin_ca_key CA v1.0-{h24}-{h146}
fastly.api_token FASTLY_API_TOKEN {w32}
pantheon.machine_token TERMINUS_TOKEN {w51}
platformsh.api_token PLATFORMSH_CLI_TOKEN {w43}
ngrok.authtoken NGROK_AUTHTOKEN 2{a26}_{a21}
ngrok.legacy_authtoken NGROK_TOKEN {a44}
tailscale.key TS tskey-auth-{a12}-{a32}
defined.api_key D dnkey-{l26}-{l52}
"""

BUILD = r"""
nexus.password NEXUS_PASSWORD {a18}
jenkins.password JENKINS_PASSWORD {a18}
sonar.password SONAR_PASSWORD {a18}
artifactory.password ARTIFACTORY_ADMIN_PASSWORD x{a17}
dockerhub.password DOCKER_PASSWORD {a18}
bitbucket.password BITBUCKET_APP_PASSWORD {a20}
nexus.user_token_pass NEXUS_TOKEN_PASS {a44}
github.pat GITHUB_TOKEN ghp_{crc62}
github.oauth_token T gho_{crc62}
github.user_to_server_token T ghu_{crc62}
github.server_to_server_token T ghs_{crc62}
github.refresh_token T ghr_{crc62}
github.fine_grained_pat T github_pat_{a22}_{a59}
github.legacy_token GITHUB_TOKEN {h40}
github.app_client_secret GITHUB_CLIENT_SECRET {h40}
gitlab.pat GL glpat-{a20}
gitlab.routable_pat GL glpat-{w27}.01.{l2}{l7}
gitlab.deploy_token GL gldt-{w19}a
gitlab.runner_token GL glrt-{w19}a
gitlab.runner_registration_token GL GR1348941{w19}a
gitlab.ci_job_token GL glcbt-64_{w19}a
gitlab.ci_job_token_signed CI_JOB_TOKEN glcbt-eyJ{a60}.eyJ{a120}.{a342}
gitlab.routable_pat GL glpat-{w27}.{l9}
gitlab.deploy_token GL gldt-{w27}.01.{l9}
gitlab.trigger_token GL glptt-{w27}.01.{l9}
gitlab.feed_token GL glft-{w27}.01.{l9}
gitlab.trigger_token GL glptt-{h40}
gitlab.feed_token GL glft-{w19}a
gitlab.incoming_mail_token GL glimt-{w24}a
gitlab.agent_token GL glagent-{w49}a
gitlab.agent_token GL glagent-{w50}.01.{l9}
gitlab.oauth_application_secret GL gloas-{h64}
gitlab.scim_token GL glsoat-{w19}a
gitlab.feature_flag_token GL glffct-{w19}a
gitlab.workspace_token GL glwt-{w29}a
gitlab.session_cookie - Cookie: _gitlab_session=[[{h32}]]; path=/
gitlab.legacy_token GITLAB_TOKEN {a20}
bitbucket.app_password BB ATBB{a24}{H8}
bitbucket.repository_access_token BB ATCTT3xFfG{w170}={H8}
bitbucket.client_secret BITBUCKET_CLIENT_SECRET {a32}
npm.access_token T npm_{crc62}
npm.legacy_token NPM_TOKEN {U}
npm.npmrc_token - //registry.company.test/:_authToken=[[{a60}]]\n
npm.npmrc_basic - registry=https://r.test/\n_auth=[[{basic}]]\n
pypi.api_token PY {pypi}
pypi.pypirc_password - [company]\nrepository = https://pypi.company.test\nusername = ada\npassword = [[{a14}]]\n
rubygems.api_key G rubygems_{h48}
cratesio.api_token C cio{a32}
nuget.api_key N {nuget}
nuget.api_key_wide - skip
dockerhub.pat D dckr_pat_{a27}
dockerhub.oat D dckr_oat_{a32}
dockerhub.config_auth - {"auths": {"https://index.docker.io/v1/": {"auth": "[[{basic}]]"}}}
dockerhub.legacy_token DOCKER_TOKEN {U}
circleci.pat C CCIPAT_{a22}_{h40}
circleci.project_token C CCIPRJ_{a22}_{h40}
circleci.legacy_token CIRCLECI_TOKEN {h40}
travis.api_token TRAVIS_API_TOKEN {a22}
appveyor.api_token APPVEYOR_TOKEN v2.{l20}
buildkite.user_token B bkua_{h40}
buildkite.agent_token B bkct_{a40}
buildkite.legacy_token BUILDKITE_TOKEN {h40}
buildkite.legacy_agent_token BUILDKITE_AGENT_TOKEN {h50}
drone.token DRONE_TOKEN {a32}
jenkins.api_token JENKINS_API_TOKEN 11{h32}
jenkins.legacy_token JENKINS_TOKEN {h32}
teamcity.access_token T {teamcity}.{a36}.{a48}
jetbrains.permanent_token YT perm:{a8}.{a8}.{a30}
octopus.api_key O API-{u26}
codecov.upload_token CODECOV_TOKEN {U}
codecov.api_token CODECOV_API_TOKEN {a32}
coveralls.repo_token COVERALLS_REPO_TOKEN {a33}
codacy.token CODACY_PROJECT_TOKEN {h32}
codeclimate.reporter_id CC_TEST_REPORTER_ID {h64}
snyk.api_token SNYK_TOKEN {U}
sonar.token S squ_{h40}
sonar.legacy_token SONAR_TOKEN {h40}
sourcegraph.access_token SRC sgp_{h16}_{h40}
sourcegraph.license_key SRC slk_{h64}
sourcegraph.cody_token SRC sgd_{h64}
artifactory.api_key JF AKCp{a69}
artifactory.reference_token JF cmVmdGtu{a56}
artifactory.encrypted_password ARTIFACTORY_PASSWORD AP6{a20}
artifactory.identity_token JFROG_API_KEY {a64}
clojars.token C CLOJARS_{l60}
packagist.token P packagist_out_{h68}
anaconda.token ANACONDA_TOKEN an-{U}
hex.api_key HEX_API_KEY {h32}
rapidapi.key R {a10}msh{a15}p1{a6}jsn{a12}
rapidapi.key_by_name RAPIDAPI_KEY {a50}
postman.api_key P PMAK-{h24}-{h34}
postman.collection_key P PMAT-{u26}
readme.api_key R rdme_{l70}
swaggerhub.api_key SWAGGERHUB_API_KEY {U}
browserstack.access_key BROWSERSTACK_ACCESS_KEY {a20}
saucelabs.access_key SAUCE_ACCESS_KEY {U}
lambdatest.access_key LT_ACCESS_KEY {a50}
gitea.access_token GITEA_TOKEN {h40}
gitee.access_token GITEE_TOKEN {h32}
gitter.access_token GITTER_TOKEN {a40}
deno.access_token D ddp_{a36}
weblate.token W wlu_{a36}
readthedocs.token READTHEDOCS_TOKEN {h40}
bitrise.pat BITRISE_TOKEN {w86}
expo.token EXPO_TOKEN {w40}
codemagic.api_token CODEMAGIC_TOKEN {w43}
appcenter.api_token APPCENTER_TOKEN {h40}
harness.token H pat.{w22}.{h24}.{a20}
scalingo.api_token S tk-us-{w48}
codesandbox.api_key C csb_v1_{w44}
replit.token REPLIT_TOKEN rpl_{w40}
"""

INFRASTRUCTURE = r"""
elastic.password ELASTIC_PASSWORD {a18}
keycloak.password KEYCLOAK_ADMIN_PASSWORD {a18}
splunk.password SPLUNK_PASSWORD {a18}
grafana.password GF_SECURITY_ADMIN_PASSWORD {a18}
ansible.password ansible_become_pass {a18}
kubernetes.user_token - users:\n- name: ada\n  user:\n    token: [[{a40}]]\n
keycloak.client_secret KEYCLOAK_CLIENT_SECRET {a32}
ldap.bind_password LDAP_BIND_PASSWORD {a14}
ldap.ldapsearch_password - ldapsearch -x -D cn=admin -w [[{a14}]] -b dc=acme
vault.service_token V hvs.{w96}
vault.batch_token V hvb.{w140}
vault.recovery_token V hvr.{w96}
vault.legacy_token VAULT_TOKEN s.{a24}
vault.unseal_key - Unseal Key 1: [[{raw32}]]\n
vault.app_role_secret_id VAULT_SECRET_ID {U}
terraform.api_token TF {a14}.atlasv1.{a67}
hcp.client_secret HCP_CLIENT_SECRET {w64}
consul.acl_token CONSUL_HTTP_TOKEN {U}
nomad.acl_token NOMAD_TOKEN {U}
doppler.token D dp.pt.{a43}
infisical.service_token I st.{h24}.{h32}.{h32}
onepassword.service_account_token OP {ops}
onepassword.secret_key OP A3-{u6}-{u11}-{u5}-{u5}-{u5}
bitwarden.access_token BW 0.{U}.{a30}:{b22}==
bitwarden.client_secret BW_CLIENTSECRET {a30}
akeyless.access_key AKEYLESS_ACCESS_KEY {raw32}
pulumi.access_token P pul-{h40}
infracost.api_key I ico-{a32}
spacelift.api_key_secret SPACELIFT_API_KEY_SECRET {h64}
env0.api_key ENV0_API_KEY {a16}
prefect.api_key P pnu_{a36}
kubernetes.bootstrap_token - kubeadm join 10.0.0.1:6443 --token [[{l6}.{l16}]] --discovery
kubernetes.secret_data - apiVersion: v1\nkind: Secret\nmetadata:\n  name: db\ntype: Opaque\ndata:\n  password: [[{b64pw}]]\n
kubernetes.client_key - users:\n- name: ada\n  user:\n    client-key-data: [[{clientkey}]]\n
openshift.access_token O sha256~{w43}
rancher.api_token R token-{l5}:{l54}
teleport.join_token TELEPORT_TOKEN {h32}
wireguard.private_key - [Interface]\nPrivateKey = [[{raw32}]]\n
datadog.api_key DD_API_KEY {h32}
datadog.app_key DD_APP_KEY {h40}
datadog.pat D ddpat_{a40}
datadog.app_key_prefixed D ddapp_{a34}
newrelic.user_key N NRAK-{u27}
newrelic.admin_key N NRAA-{h27}
newrelic.insights_insert_key N NRII-{w32}
newrelic.insights_query_key N NRIQ-{w32}
newrelic.rest_key N NRRA-{h42}
newrelic.license_key N {h36}NRAL
newrelic.browser_key N NRJS-{h19}
newrelic.synthetics_key N NRSP-us01{h31}
newrelic.legacy_license NEW_RELIC_LICENSE_KEY {h40}
grafana.service_account_token G {glsa}
grafana.cloud_token G glc_{b120}
grafana.legacy_api_key G {json64}
sentry.organization_token S sntrys_{orgjson}
sentry.user_token S sntryu_{h64}
sentry.integration_token S sntrya_{h64}
sentry.legacy_token SENTRY_AUTH_TOKEN {h64}
sentry.dsn_secret - dsn = https://{h32}:[[{h32}]]@sentry.io/1234
pagerduty.key_by_name PAGERDUTY_TOKEN {a20}
pagerduty.oauth_token P pdus+_0{u6}_{U}
pagerduty.integration_key PAGERDUTY_ROUTING_KEY {h32}
opsgenie.api_key OPSGENIE_API_KEY {U}
dynatrace.api_token D dt0c01.{k24}.{k64}
honeycomb.ingest_key H hcaik_{l58}
honeycomb.ingest_key H hcaic_{l58}
honeycomb.configuration_key HONEYCOMB_API_KEY {a22}
honeycomb.classic_key HONEYCOMB_WRITEKEY {h32}
splunk.hec_token SPLUNK_HEC_TOKEN {U}
splunk.observability_token SIGNALFX_ACCESS_TOKEN {a22}
sumologic.access_key SUMOLOGIC_ACCESSKEY {a64}
sumologic.access_id SUMOLOGIC_ACCESSID su{a12}
loggly.customer_token LOGGLY_TOKEN {U}
logzio.api_token LOGZIO_API_TOKEN {U}
logzio.shipping_token LOGZIO_TOKEN {a32}
logdna.ingestion_key LOGDNA_KEY {h32}
rollbar.access_token ROLLBAR_ACCESS_TOKEN {h32}
rollbar.access_token_long ROLLBAR_ACCESS_TOKEN {h128}
bugsnag.api_key BUGSNAG_API_KEY {h32}
airbrake.api_key AIRBRAKE_PROJECT_KEY {h32}
airbrake.user_key AIRBRAKE_USER_KEY {h40}
honeybadger.api_key H hbp_{a36}
honeybadger.legacy_key HONEYBADGER_API_KEY {h8}
checkly.api_key C cu_{h32}
betterstack.token BETTERSTACK_TOKEN {a24}
uptimerobot.api_key U u123456-{h24}
statuspage.api_key STATUSPAGE_API_KEY {U}
elastic.api_key ELASTIC_API_KEY {b58}==
elastic.serverless_key E essu_{b80}
elastic.cloud_key E essa_{b60}
posthog.personal_key P phx_{a47}
posthog.secret_key P phs_{a47}
mixpanel.api_secret MIXPANEL_API_SECRET {h32}
mixpanel.service_account_secret MIXPANEL_SERVICE_SECRET {a32}
amplitude.api_key AMPLITUDE_API_KEY {h32}
segment.public_api_token S sgp_{a64}
segment.write_key SEGMENT_WRITE_KEY {a32}
launchdarkly.access_token L api-{U}
launchdarkly.sdk_key L sdk-{U}
optimizely.token OPTIMIZELY_TOKEN 2:{w41}a
statsig.secret_key S secret-{a44}
statsig.console_key S console-{a44}
split.api_key SPLIT_API_KEY {l40}
flagsmith.server_key F ser.{a22}
configcat.sdk_key C configcat-sdk-1/{w22}/{a22}
stackhawk.api_key S hawk.{w20}.{a20}
endorlabs.key E endr+{a16}
zuplo.api_key Z zpka_{h32}_{h8}
unkey.root_key U unkey_{a22}
kong.admin_token - curl -H 'Kong-Admin-Token: [[{a32}]]' localhost:8001
kong.konnect_token K kpat_{a48}
kong.system_token K spat_{a48}
tyk.gateway_secret TYK_GW_SECRET {a32}
virustotal.api_key VIRUSTOTAL_API_KEY {h64}
shodan.api_key SHODAN_API_KEY {a32}
censys.api_secret CENSYS_API_SECRET {a32}
rootly.api_key R rootly_{h64}
intra42.client_secret I s-s4t2ud-{h64}
settlemint.token S sm_pat_{a16}
"""

MODELS = r"""
weaviate.api_key WEAVIATE_API_KEY {a40}
openai.project_key O sk-proj-{w74}T3BlbkFJ{w73}a
openai.service_account_key O sk-svcacct-{w100}a
openai.admin_key O sk-admin-{w100}a
openai.project_key_plain O sk-proj-{w120}a
openai.api_key O sk-{a20}T3BlbkFJ{a20}
openai.session_key O sess-{a40}
openai.api_key_by_name OPENAI_API_KEY sk-{a48}
anthropic.api_key A sk-ant-api03-{w94}A
anthropic.admin_key A sk-ant-admin01-{w94}A
anthropic.oauth_token A sk-ant-oat01-{w94}A
huggingface.user_token H hf_{Z34}
huggingface.organization_token H api_org_{Z34}
cohere.api_key COHERE_API_KEY {a40}
groq.api_key G gsk_{a52}
replicate.api_token R r8_{a37}
perplexity.api_key P pplx-{a48}
xai.api_key X xai-{a80}
mistral.api_key MISTRAL_API_KEY {a32}
deepseek.api_key DEEPSEEK_API_KEY sk-{h32}
deepseek.api_key_alone - key = "[[sk-{h32}]]"
openrouter.api_key O sk-or-v1-{h64}
together.api_key T tgp_v1_{w43}
together.legacy_key TOGETHER_API_KEY {h64}
fireworks.api_key F fw_{a22}
cerebras.api_key C csk-{l48}
nvidia.api_key N nvapi-{w63}a
elevenlabs.api_key E sk_{h48}
elevenlabs.legacy_key ELEVENLABS_API_KEY {h32}
assemblyai.api_key ASSEMBLYAI_API_KEY {h32}
deepgram.api_key DEEPGRAM_API_KEY {h40}
stability.api_key STABILITY_API_KEY sk-{a48}
voyage.api_key V pa-{w42}a
pinecone.api_key P pcsk_{a6}_{a63}
pinecone.legacy_key PINECONE_API_KEY {U}
langsmith.api_key L lsv2_pt_{h32}_{h10}
langsmith.legacy_key L ls__{h32}
langfuse.secret_key L sk-lf-{U}
wandb.api_key WANDB_API_KEY {h40}
wandb.prefixed_key W wandb_v1_{w77}a
litellm.virtual_key LITELLM_KEY sk-{a22}
apify.api_token A apify_api_{a36}
tavily.api_key T tvly-{a32}
exa.api_key EXA_API_KEY {U}
firecrawl.api_key F fc-{h32}
serpapi.api_key SERPAPI_KEY {h64}
clarifai.api_key CLARIFAI_API_KEY {h32}
runpod.api_key R rpa_{a46}
modal.token_secret M as-{a22}
modal.token_id M ak-{a22}
cursor.api_key C crsr_{h64}
"""

MESSAGES = r"""
smtp.password SMTP_PASSWORD {a18}
slack.bot_token S xoxb-{n12}-{n13}-{a24}
slack.user_token S xoxp-{n12}-{n12}-{n13}-{h32}
slack.workspace_token S xoxa-2-{a40}
slack.legacy_token S xoxs-{n11}-{n11}-{n11}-{h10}
slack.app_token S xapp-1-A{u10}-{n13}-{h64}
slack.config_token S xoxe.xoxp-1-{a160}
slack.config_refresh_token S xoxe-1-{a146}
slack.session_token S xoxc-{n12}-{n12}-{n13}-{h64}
slack.webhook_url - https://hooks.slack.com/services/[[T{u8}/B{u10}/{a24}]]
slack.workflow_token S xwfp-{n12}-{n13}-{a24}
slack.workflow_url - https://hooks.slack.com/workflows/[[T{u8}/{n18}/{n18}/{a24}]]
slack.signing_secret SLACK_SIGNING_SECRET {h32}
discord.bot_token D {snowflake}.G{a5}.{a38}
discord.mfa_token D mfa.{w84}
discord.webhook_url - https://discord.com/api/webhooks/{n18}/[[{w67}a]]
discord.client_secret DISCORD_CLIENT_SECRET {a32}
telegram.bot_token T {n10}:AA{w32}a
twilio.api_key_sid T SK{h32}
twilio.auth_token - sid AC{h32} [[{h32}]]
twilio.auth_token_by_name TWILIO_AUTH_TOKEN {h32}
twilio.api_key_secret TWILIO_API_SECRET {a32}
sendgrid.api_key S SG.{w22}.{w42}a
mailgun.private_key M key-{h32}
mailgun.api_key M {h32}-{h8}-{h8}
mailgun.signing_key MAILGUN_WEBHOOK_SIGNING_KEY {h32}
mailchimp.api_key M {h32}-us12
mailchimp.mandrill_key M md-{a22}
mailchimp.mandrill_legacy_key MANDRILL_API_KEY {a22}
postmark.server_token POSTMARK_SERVER_TOKEN {U}
mailjet.secret_key MAILJET_SECRET_KEY {h32}
mailersend.api_token M mlsn.{h64}
brevo.api_key B xkeysib-{h64}-{a16}
brevo.smtp_key B xsmtpsib-{h64}-{a16}
resend.api_key R re_{a8}_{a24}
sparkpost.api_key SPARKPOST_API_KEY {h40}
klaviyo.private_key K pk_{h34}
customerio.api_key CUSTOMERIO_API_KEY {h32}
iterable.api_key ITERABLE_API_KEY {h32}
sendbird.api_token SENDBIRD_API_TOKEN {h40}
vonage.api_secret NEXMO_API_SECRET {a16}
plivo.auth_token PLIVO_AUTH_TOKEN {a40}
plivo.auth_id PLIVO_AUTH_ID MA{u18}
messagebird.access_key MESSAGEBIRD_ACCESS_KEY {a25}
sinch.secret SINCH_APP_SECRET {a28}
telnyx.api_key T KEY{H32}_{a22}
pushover.token PUSHOVER_TOKEN {l30}
onesignal.api_key O os_v2_app_{l104}
onesignal.legacy_key ONESIGNAL_API_KEY {a48}
pusher.secret PUSHER_SECRET {h20}
pubnub.secret_key P sec-c-{a48}
ably.api_key ABLY_API_KEY {w6}.{w6}:{w42}a
stream.api_secret STREAM_API_SECRET {l64}
line.channel_token LINE_CHANNEL_ACCESS_TOKEN {b172}
line.channel_secret LINE_CHANNEL_SECRET {h32}
zoom.client_secret ZOOM_CLIENT_SECRET {a32}
webex.bot_token W {a64}_{u4}_{U}
teams.webhook_url - https://company.webhook.office.com/webhookb2/[[{U}@{U}/IncomingWebhook/{h32}/{U}]]
teams.workflow_url - https://prod-12.westus.logic.azure.com:443/workflows/{h32}/triggers/manual/paths/invoke?api-version=2016-06-01&sp=%2Ftriggers&sv=1.0&sig=[[{w42}a]]
zapier.webhook_url - https://hooks.zapier.com/hooks/catch/[[{n7}/{l7}]]/
ifttt.webhook_key - https://maker.ifttt.com/trigger/door/with/key/[[{w42}a]]
pipedream.webhook_url - https://[[eo{l14}]].m.pipedream.net
mattermost.access_token MATTERMOST_TOKEN {l26}
rocketchat.auth_token ROCKETCHAT_TOKEN {w43}
twitch.client_secret TWITCH_CLIENT_SECRET {l30}
twitch.chat_token T oauth:{l30}
twitter.bearer_token T AAAAAAAAAAAAAAAAAAAAAB{a40}%3D{a47}
twitter.access_token TWITTER_ACCESS_TOKEN {n18}-{a40}
twitter.access_token_secret TWITTER_ACCESS_SECRET {a45}
twitter.consumer_secret TWITTER_API_SECRET {a50}
twitter.consumer_key TWITTER_API_KEY {a25}
facebook.access_token F EAA{a180}
facebook.app_secret FACEBOOK_APP_SECRET {h32}
facebook.app_token F {n15}|{w27}
facebook.instagram_token I IGQVJ{a150}
linkedin.client_secret_prefixed L WPL_AP1.{a16}.{b6}==
linkedin.client_secret LINKEDIN_CLIENT_SECRET {a16}
linkedin.access_token L AQX{w300}a
make.webhook_url - https://hook.eu1.make.com/[[{l32}]]
"""

COMMERCE = r"""
okx.passphrase OKX_PASSPHRASE {a18}
kucoin.passphrase KUCOIN_PASSPHRASE {a18}
deribit.api_secret DERIBIT_CLIENT_SECRET {w43}
gemini.api_secret GEMINI_API_SECRET {a28}
bitstamp.api_secret BITSTAMP_API_SECRET {a32}
gateio.api_secret GATEIO_API_SECRET {h64}
mexc.api_secret MEXC_API_SECRET {h32}
htx.api_secret HTX_SECRET_KEY {h8}-{h8}-{h8}-{h5}
bitget.api_secret BITGET_API_SECRET {h64}
wise.api_token WISE_API_TOKEN {U}
bitcoin.seed_phrase - MNEMONIC="[[{words}]]"\n
stripe.secret_key S sk_live_{a24}
stripe.restricted_key S rk_live_{a99}
stripe.test_key S sk_test_{a24}
stripe.organization_key S sk_org_live_{a40}
stripe.webhook_secret S whsec_{a32}
square.access_token S EAAA{w59}a
square.oauth_secret S sq0csp-{w42}a
square.oauth_secret S sandbox-sq0csb-{w42}a
square.legacy_token S sq0atp-{w21}a
square.legacy_token S sandbox-sq0atb-{w21}a
paypal.braintree_token P access_token$production${l16}${h32}
paypal.client_secret PAYPAL_CLIENT_SECRET EK{w77}a
paypal.braintree_private_key BRAINTREE_PRIVATE_KEY {h32}
paystack.secret_key PAYSTACK_SECRET_KEY sk_live_{h40}
flutterwave.secret_key F FLWSECK-{h32}-X
razorpay.key_id R rzp_live_{a14}
razorpay.key_secret RAZORPAY_KEY_SECRET {a24}
adyen.api_key A AQE1{a180}-{b44}-{a16}
adyen.hmac_key ADYEN_HMAC_KEY {H64}
plaid.access_token P access-production-{U}
plaid.secret PLAID_SECRET {h30}
mollie.api_key MOLLIE_API_KEY live_{a30}
mollie.access_token MOLLIE_TOKEN access_{a30}
gocardless.access_token GC_ACCESS_TOKEN live_{w40}
checkout.secret_key CHECKOUT_SECRET_KEY sk_{K27}
checkout.sandbox_secret_key K sk_sbox_{K26}*
checkout.legacy_secret_key C sk_{U}
coinbase.api_key_name C organizations/{U}/apiKeys/{U}
coinbase.api_secret COINBASE_API_SECRET {a32}
binance.api_secret BINANCE_API_SECRET {a64}
bybit.api_secret BYBIT_API_SECRET {a36}
bybit.api_key BYBIT_API_KEY {a18}
kraken.private_key KRAKEN_PRIVATE_KEY {raw64}
kraken.api_key KRAKEN_API_KEY {b56}
kucoin.api_secret KUCOIN_API_SECRET {U}
kucoin.api_key KUCOIN_API_KEY {h24}
okx.secret_key OKX_SECRET_KEY {H32}
bitfinex.api_secret BITFINEX_API_SECRET {a43}
etherscan.api_key ETHERSCAN_API_KEY {u34}
infura.api_key INFURA_API_KEY {h32}
infura.endpoint - https://mainnet.infura.io/v3/[[{h32}]]
alchemy.api_key ALCHEMY_API_KEY {w32}
alchemy.endpoint - https://eth-mainnet.g.alchemy.com/v2/[[{w31}a]]
ethereum.private_key DEPLOYER_PRIVATE_KEY 0x{h64}
bitcoin.wif BITCOIN_WIF {wif}
bitcoin.extended_private_key B {xprv}
shopify.access_token S shpat_{h32}
shopify.custom_app_token S shpca_{h32}
shopify.private_app_token S shppa_{h32}
shopify.user_token S shpua_{h32}
shopify.shared_secret S shpss_{h32}
shopify.other_token S shptka_{h32}
bigcommerce.access_token BIGCOMMERCE_ACCESS_TOKEN {l31}
woocommerce.consumer_secret W cs_{h40}
woocommerce.consumer_key W ck_{h40}
amazonpay.client_secret A amzn1.oa2-cs.v1.{h64}
amazonpay.refresh_token A Atzr|{w300}a
easypost.api_key E EZAK{a54}
shippo.api_token S shippo_live_{h40}
lob.api_key L live_{h35}
duffel.access_token D duffel_test_{w42}a
chargebee.api_key CHARGEBEE_API_KEY live_{a40}
recurly.private_key RECURLY_API_KEY {h32}
wepay.access_token W STAGE_{h64}
dwolla.secret DWOLLA_SECRET {a50}
worldpay.service_key W T_S_{U}
airtable.pat A pat{a14}.{h64}
airtable.legacy_key AIRTABLE_API_KEY key{a14}
"""

WORK = r"""
jumpcloud.prefixed_key J jca_{a36}
session.cookie - Cookie: PHPSESSID=[[{l26}]]; x=1
atlassian.api_token A ATATT3xFfGF0{w180}={H8}
atlassian.admin_key A ATCTT3xFfGN0{w180}={H8}
atlassian.service_token A ATSTT3xFfG{w180}={H8}
atlassian.legacy_token JIRA_API_TOKEN {a24}
atlassian.jira_pat JIRA_PAT N{a43}
linear.api_key L lin_api_{a40}
linear.oauth_token L lin_oauth_{h64}
linear.webhook_secret L lin_wh_{a40}
linear.client_secret LINEAR_CLIENT_SECRET {h32}
notion.integration_token N ntn_{n11}{a35}
notion.legacy_token N secret_{a43}
asana.pat A 1/{n16}:{h32}
asana.legacy_pat ASANA_TOKEN 0/{h32}
asana.client_secret ASANA_CLIENT_SECRET {h32}
trello.token T ATTA{h72}
trello.legacy_token TRELLO_TOKEN {h64}
trello.api_key TRELLO_API_KEY {h32}
clickup.api_token C pk_{n8}_{u32}
monday.signing_secret MONDAY_SIGNING_SECRET {h32}
todoist.api_token TODOIST_API_TOKEN {h40}
figma.pat F figd_{w39}a
figma.legacy_token FIGMA_TOKEN {n6}-{U}
miro.access_token M eyJtaXJvLm9yaWdpbi{a40}
frameio.api_token F fio-u-{w64}
contentful.pat C CFPAT-{w42}a
contentful.delivery_token CONTENTFUL_ACCESS_TOKEN {w43}
sanity.api_token SANITY_TOKEN sk{a80}
storyblok.token STORYBLOK_TOKEN {a22}tt
hubspot.private_app_token H pat-na1-{U}
hubspot.legacy_key HUBSPOT_API_KEY {U}
hubspot.developer_key HUBSPOT_DEV na1-{h4}-{h4}-{U}
salesforce.session_id S 00D{a12}!{a96}
salesforce.refresh_token S 5Aep861{a80}
salesforce.consumer_key S 3MVG9{a80}
salesforce.consumer_secret SALESFORCE_CLIENT_SECRET {H64}
zendesk.api_token ZENDESK_API_TOKEN {a40}
intercom.access_token I dG9r{a55}=
freshdesk.api_key FRESHDESK_API_KEY {a20}
helpscout.app_secret HELPSCOUT_APP_SECRET {a32}
zoho.token Z 1000.{h32}.{h32}
zoho.client_secret ZOHO_CLIENT_SECRET {h42}
pipedrive.api_token PIPEDRIVE_API_TOKEN {h40}
typeform.pat T tfp_{a44}_{a14}
jotform.api_key JOTFORM_API_KEY {h32}
calendly.pat - skip
dropbox.short_lived_token D sl.{w135}a
dropbox.long_lived_token DROPBOX_TOKEN {a11}AAAAAAAAAA{w43}
dropbox.app_secret DROPBOX_APP_SECRET {l15}
box.client_secret BOX_CLIENT_SECRET {a32}
box.developer_token BOX_DEVELOPER_TOKEN {a32}
docusign.secret_key DOCUSIGN_SECRET {U}
okta.api_token OKTA_API_TOKEN 00{w39}a
okta.client_secret OKTA_CLIENT_SECRET {w40}
auth0.client_secret AUTH0_CLIENT_SECRET {w64}
clerk.secret_key CLERK_SECRET_KEY sk_live_{a42}
workos.api_key WORKOS_API_KEY sk_live_a{a60}
stytch.secret S secret-live-{w35}a
frontegg.api_key FRONTEGG_API_KEY {U}
onelogin.client_secret ONELOGIN_CLIENT_SECRET {h64}
jumpcloud.api_key JUMPCLOUD_API_KEY {h40}
duo.secret_key DUO_SKEY {a40}
duo.integration_key DUO_IKEY DI{u18}
recaptcha.secret_key RECAPTCHA_SECRET_KEY 6Lc{w36}a
hcaptcha.secret_key HCAPTCHA_SECRET 0x{h40}
salesloft.api_key S v2_ak_{n5}_{h64}
hunter.api_key HUNTER_API_KEY {h40}
clearbit.api_key CLEARBIT_KEY sk_{h32}
shortcut.api_token SHORTCUT_API_TOKEN {U}
beamer.api_key BEAMER_KEY b_{w44}
crowdin.pat CROWDIN_PERSONAL_TOKEN {h80}
lokalise.api_token LOKALISE_TOKEN {h40}
phrase.access_token PHRASE_ACCESS_TOKEN {h64}
transifex.api_token T 1/{h40}
wakatime.api_key W waka_{U}
ghost.admin_key G {h24}:{h64}
strapi.api_token STRAPI_TOKEN {h256}
directus.token DIRECTUS_TOKEN {w32}
n8n.api_key N n8n_api_{h80}
webflow.api_token WEBFLOW_API_TOKEN {h64}
squarespace.api_key SQUARESPACE_API_KEY {U}
wix.api_key W IST.eyJ{w300}.{w300}
fontawesome.token FONTAWESOME_NPM_AUTH_TOKEN {UU}
ionic.token I ion_{a42}
"""

DATA = r"""
databricks.pat D dapi{h32}
databricks.oauth_secret D dose{h32}
databricks.oauth_token D dkea{h32}
snowflake.password SNOWFLAKE_PASSWORD {p16}
snowflake.pat SNOWFLAKE_TOKEN {kidjwt}
planetscale.service_token P pscale_tkn_{w43}a
planetscale.password P pscale_pw_{w43}a
planetscale.oauth_token P pscale_oauth_{w43}a
supabase.secret_key S sb_secret_{w31}a
supabase.access_token S sbp_{h40}
supabase.service_role_key S {supabase}
neon.api_key N napi_{l64}
neon.role_password N npg_{a12}
turso.auth_token T {eddsa}
mongodb.api_private_key MONGODB_ATLAS_PRIVATE_KEY {U}
mongodb.service_account_secret M mdb_sa_sk_{w39}a
confluent.api_secret CONFLUENT_API_SECRET {b64}
confluent.prefixed_secret C cflt{b60}
clickhouse.api_key_secret C 4b1d{a38}
cockroach.api_key C CCDB1_{a22}_{a40}
influxdb.token INFLUXDB_TOKEN {w86}==
timescale.secret_key TIMESCALE_SECRET_KEY {a64}
algolia.api_key ALGOLIA_ADMIN_KEY {h32}
meilisearch.api_key MEILI_MASTER_KEY {h64}
typesense.api_key TYPESENSE_API_KEY {a32}
airbyte.client_secret AIRBYTE_CLIENT_SECRET {a32}
fivetran.api_secret FIVETRAN_API_SECRET {a32}
dbt.service_token D dbtc_{a44}
dbt.legacy_token DBT_CLOUD_TOKEN {h40}
hightouch.api_key HIGHTOUCH_API_KEY {U}
tableau.pat T {b22}==:{a32}
looker.client_secret LOOKERSDK_CLIENT_SECRET {a24}
mapbox.secret_token M sk.eyJ{w80}.{w21}a
openweather.api_key OPENWEATHER_API_KEY {h32}
weatherapi.api_key WEATHERAPI_KEY {h24}{n7}
here.api_key HERE_API_KEY {w43}
maxmind.license_key M {a6}_{a29}_mmk
maxmind.legacy_license_key MAXMIND_LICENSE_KEY {a16}
ipinfo.token IPINFO_TOKEN {h14}
ipstack.access_key IPSTACK_ACCESS_KEY {h32}
abstractapi.api_key ABSTRACTAPI_KEY {h32}
newsapi.api_key NEWS_API_KEY {h32}
nytimes.api_key NYTIMES_API_KEY {a32}
tmdb.api_key TMDB_API_KEY {h32}
giphy.api_key GIPHY_API_KEY {a32}
unsplash.access_key UNSPLASH_ACCESS_KEY {w43}
pexels.api_key PEXELS_API_KEY {a56}
spotify.client_secret SPOTIFY_CLIENT_SECRET {h32}
soundcloud.client_secret SOUNDCLOUD_CLIENT_SECRET {a32}
dailymotion.secret DAILYMOTION_SECRET {h40}
vimeo.access_token VIMEO_ACCESS_TOKEN {h32}
flickr.api_key FLICKR_API_KEY {h32}
flickr.secret FLICKR_SECRET {h16}
reddit.client_secret REDDIT_CLIENT_SECRET {w27}
yelp.api_key YELP_API_KEY {w128}
etsy.api_key ETSY_API_KEY {l24}
ebay.client_secret E PRD-{h12}-{h4}-{h4}-{h4}-{h4}
ebay.user_token E v^1.1#i^1#{b200}
yahoo.client_secret YAHOO_CLIENT_SECRET {h40}
nasa.api_key NASA_API_KEY {a40}
finnhub.api_key FINNHUB_API_KEY {l20}
alphavantage.api_key ALPHAVANTAGE_API_KEY {u16}
polygon.api_key POLYGON_API_KEY {w32}
alpaca.secret_key ALPACA_SECRET_KEY {a40}
alpaca.key_id APCA_API_KEY_ID PK{u18}
tradier.access_token TRADIER_TOKEN {a28}
coinmarketcap.api_key COINMARKETCAP_API_KEY {U}
coingecko.api_key C CG-{a24}
cryptocompare.api_key CRYPTOCOMPARE_API_KEY {h64}
blockfrost.project_id B mainnet{a32}
moralis.api_key MORALIS_API_KEY {a64}
deepl.free_key D {U}:fx
deepl.key DEEPL_API_KEY {U}
sidekiq.license BUNDLE_ENTERPRISE__CONTRIBSYS__COM {h8}:{h8}
sidekiq.license_url - source "https://[[{h8}:{h8}]]@gems.contribsys.com/"
airship.master_secret AIRSHIP_MASTER_SECRET {w22}
branch.secret B secret_live_{a32}
cloudinary.url - CLOUDINARY_URL=cloudinary://{n15}:[[{w26}a]]@demo
cloudinary.api_secret CLOUDINARY_API_SECRET {w27}
imagekit.private_key I private_{a28}
uploadcare.secret_key UPLOADCARE_SECRET_KEY {h20}
filestack.api_key FILESTACK_API_KEY A{a20}z
backblaze.application_key B K005{b27}
wasabi.secret_key WASABI_SECRET_KEY {a40}
storj.secret_key STORJ_SECRET_KEY j{l52}
minio.secret_key MINIO_ROOT_PASSWORD {p16}
roblox.session_cookie - _|WARNING:-DO-NOT-SHARE-THIS.--Sharing-this-will-allow-someone-to-log-in-as-you-and-to-steal-your-ROBUX-and-items.|_[[{a400}]]
steam.api_key STEAM_API_KEY {H32}
riot.api_key R RGAPI-{U}
faceit.api_key FACEIT_API_KEY {U}
particle.access_token PARTICLE_ACCESS_TOKEN {h40}
thethings.api_key T NNSXS.{u39}.{u52}
ubidots.token U BBFF-{a30}
"""

FORMS_AND_FILES = r"""
private_key.pkcs12 - P12_BASE64=[[MIIK{a2}IBAzCC{b400}==]]\n
jwt.signing_secret JWT_SECRET {a40}
flask.secret_key - app.secret_key = '[[{a32}]]'\n
database.client_password PGPASSWORD {a14}
database.password_in_call - $link = new mysqli("db.company.net", "shop", "[[{a14}]]", "shop");\n
database.password_in_call - $link = mysqli_connect('db.company.net', 'shop', '[[{a14}]]');\n
database.password_in_call - $db = new PDO('mysql:host=db.company.net;dbname=shop', 'shop', '[[{a16}]]');\n
database.password_in_call - c = DriverManager.getConnection("jdbc:mysql://db.company.net/shop", "root", "[[{a14}]]");\n
database.command_password - mysql -u root -p[[{a14}]] app\n
private_key.pem - key = `[[{pem}]]`
private_key.encrypted_pem - [[{encpem}]]\n
private_key.pgp - [[{pgp}]]\n
private_key.putty - PuTTY-User-Key-File-3: ssh-rsa\nEncryption: none\nComment: ada\nPublic-Lines: 1\n{b64}\nPrivate-Lines: 2\n[[{b64}\n{b64}]]\nPrivate-MAC: 00
private_key.age A {age}
nostr.private_key N {nsec}
stellar.secret_seed SEED {stellar}
solana.keypair - [[{solana}]]\n
openvpn.static_key - [[{ovpn}]]\n
private_key.age_post_quantum A {agepq}
private_key.jwk - {"kty": "EC", "crv": "P-256", "x": "{w43}", "d": "[[{w43}]]"}
private_key.jwk_reversed - {"d": "[[{w43}]]", "crv": "P-256", "kty": "EC"}
jwt.token - Cookie: session=[[{jwt}]]; Secure
jwt.secret_in_call - const token = jwt.sign({ id: user.id }, "[[{a28}]]", { expiresIn: "1h" });\n
jwt.secret_in_call - String token = Jwts.builder().signWith(SignatureAlgorithm.HS512, "[[{a32}]]").compact();\n
jwt.secret_in_call - token = jwt.encode(payload, "[[{a24}]]", algorithm="HS256")\n
jwt.secret_in_call - Algorithm algorithm = Algorithm.HMAC256("[[{a24}]]");\n
hmac.key_in_call - const mac = crypto.createHmac('sha256', '[[{a28}]]');\n
hmac.key_in_call - $mac = hash_hmac('sha256', $body, '[[{a28}]]');\n
hmac.key_in_call - app.use(cookieParser("[[{a24}]]"));\n
hmac.key_in_call - mac = hmac.new(b"[[{a24}]]", body, hashlib.sha256)\n
jwt.encrypted_token - Cookie: session=[[{jweb}]]; Secure
django.secret_key - SECRET_KEY = '[[{j50}]]'\n
rails.master_key RAILS_MASTER_KEY {h32}
rails.secret_key_base secret_key_base {h128}
laravel.app_key APP_KEY base64:{raw32}
wordpress.salt - define('AUTH_KEY', '[[{p64}]]');
wordpress.db_password - define('DB_PASSWORD', '[[{p14}]]');
database.url - DATABASE_URL=postgres://ada:[[{a16}]]@db.internal:5432/app
database.jdbc_password - url=jdbc:mysql://db.internal:3306/app?user=ada&password=[[{a16}]]
database.connection_string - "Server=db.internal;Database=app;User Id=ada;Password=[[{a16}]];"
database.sql_password - CREATE USER 'ada'@'%' IDENTIFIED BY '[[{a16}]]';
database.pgpass - db.internal:5432:app:ada:[[{a16}]]
http.basic_url - git clone https://ada:[[{a16}]]@git.company.test/app.git
http.basic_header - Authorization: Basic [[{basic}]]
http.bearer_header - curl -H "Authorization: Bearer [[{a40}]]" https://api.company.test
http.api_key_header - X-API-Key: [[{a32}]]
http.curl_bearer - curl --oauth2-bearer [[{a32}]] https://api.company.test\n
http.curl_user - curl -s -u ada:[[{a16}]] https://api.company.test
http.netrc - machine git.company.test login ada password [[{a16}]]
http.oauth_client_secret - client_id: {l20}\nclient_secret: [[{a32}]]\n
"""

FRAMEWORKS_AND_GATEWAYS = r"""
apisix.admin_key - deployment:\n  admin:\n    admin_key:\n      - name: admin\n        key: [[{h32}]]\n        role: admin\n
apisix.admin_header - curl http://127.0.0.1:9180/apisix/admin/routes/1 -H "X-API-KEY: [[{h32}]]" -X GET\n
aspnet.validation_key - <machineKey validationKey="[[{H128}]]" validation="HMACSHA256" />
aspnet.decryption_key - <machineKey decryption="AES" decryptionKey="[[{H48}]]" />
aws.appsync_api_key GRAPHQL_KEY da2-{l26}
azure.publish_password - <publishProfile publishMethod="MSDeploy" userName="$shop" userPWD="[[{a60}]]" />
azure.redis_connection - cache=shop.redis.cache.windows.net:6380,password=[[{a43}=]],ssl=True\n
baidu.access_key_id BCE_AK ALTAK{a21}
baidu.secret_key BAIDU_SECRET_KEY {a32}
bitcoin.seed_phrase - my wallet\n[[{words}]]\n
cisco.password_type7 - username admin password 7 [[0{n1}{H20}]]\n
cisco.enable_secret - enable secret 5 $1$[[{a4}${a22}]]\n
cloudflare.tunnel_token TUNNEL_TOKEN {tunnel}
composio.api_key COMPOSIO_API_KEY ak_{a20}
database.oracle_thin - url=jdbc:oracle:thin:app/[[{a16}]]@db.acme-prod.net:1521:shop\n
database.password SHOP_DB_PASSWORD {a16}
database.password mysql_user_password {a14}
digitalocean.spaces_secret_by_name SPACES_SECRET_ACCESS_KEY {a43}
discourse.api_key DISCOURSE_API_KEY {h64}
dockerhub.login_command - docker login -u acme -p [[{a20}]] registry.acme-prod.net\n
ethereum.accounts_key - main: { url: u, accounts: ["[[0x{h64}]]"] },\n
express_gateway.key_auth - curl -H 'Authorization: apikey {a22}:[[{a22}]]' http://localhost:8080/\n
figshare.api_key FIGSHARE_TOKEN {h128}
filezilla.site_password - <User>ann</User><Pass encoding="base64">[[{b64pass}]]</Pass>
flask.session_cookie - Cookie: session=[[eyJ1c2VyIjo0Mn0.{a6}.{a27}]]\n
gcp.app_password - EMAIL_HOST_PASSWORD = '[[{z4} {z4} {z4} {z4}]]'\n
gcp.oauth_client_secret_older - {"client_id": "{n12}-{l32}.apps.googleusercontent.com", "client_secret": "[[{w24}]]"}
http.curl_user_key - curl https://api.acme-prod.net/v1/items -u [[{a32}]]:\n
http.python_auth - requests.get(url, auth=("ann", "[[{a18}]]"))\n
huawei.secret_access_key HUAWEICLOUD_SECRET_KEY {a40}
kaggle.api_key KAGGLE_KEY {h32}
kaggle.api_token KAGGLE KGAT_{h32}
kaggle.json_key - {"username":"ann","key":"[[{h32}]]"}
kong.consumer_key - curl -X POST http://localhost:8001/consumers/ann/key-auth -d "key=[[{a32}]]"\n
kong.declared_credential - consumers:\n- username: ann\n  keyauth_credentials:\n  - key: [[{a32}]]\n
kong.declared_credential - consumers:\n- username: ann\n  jwt_secrets:\n  - key: iss1\n    secret: [[{a32}]]\n
lichess.pat LICHESS_TOKEN lip_{a20}
linkedin.session_cookie - Cookie: li_at=[[AQED{w140}]]\n
maven.server_password - <server><id>nexus</id><username>deploy</username><password>[[{a18}]]</password></server>
novu.api_key NOVU_API_KEY {h32}
nuget.clear_text_password - <add key="ClearTextPassword" value="[[{a22}]]" />
phoenix.secret_key_base - config :shop, ShopWeb.Endpoint,\n  secret_key_base: "[[{b64}]]"\n
private_key.der SAML_PRIVATE_KEY {der}
private_key.jwk_symmetric - {"kty":"oct","kid":"a","alg":"HS256","k":"[[{w43}]]"}
pushbullet.access_token PUSHBULLET_TOKEN o.{a32}
session.middleware_secret - app.use(session({ secret: '[[{a28}]]', resave: false }));\n
solana.private_key WALLET_PRIVATE_KEY {sol}
steamgriddb.api_key STEAMGRIDDB_API_KEY {h32}
symfony.app_secret - APP_ENV=prod\nAPP_SECRET=[[{h32}]]\n
telegram.bot_url - curl https://api.telegram.org/bot[[{n10}:AA{w33}]]/getMe\n
terraform.state_password - {"type": "random_password", "name": "db", "instances": [{"attributes": {"length": 24, "result": "[[{a24}]]"}}]}
terraform.state_resource_password - {"mode": "managed", "type": "aws_db_instance", "instances": [{"attributes": {"username": "app", "password": "[[{a20}]]"}}]}
tyk.configured_secret - {"listen_port": 8080, "secret": "[[{h32}]]", "template_path": "/opt/tyk"}
unix_password.htpasswd - ann:$apr1$[[{a8}${a22}]]\n
unix_password.shadow - root:$6$[[{a8}${a86}]]:19000:0:99999:7:::\n
unleash.api_key UNLEASH_API_TOKEN default:production.{h56}
xrp.seed XRP_SECRET {xrp}
zenodo.api_key ZENODO_TOKEN {a60}
"""

TABLES = (
    FRAMEWORKS_AND_GATEWAYS,
    CLOUD,
    BUILD,
    INFRASTRUCTURE,
    MODELS,
    MESSAGES,
    COMMERCE,
    WORK,
    DATA,
    FORMS_AND_FILES,
    FILES,
    COMMANDS,
    VENDORS,
    FORMS_OF_VENDORS,
)

#!/bin/bash
# `rill controller` beside `rill server`: sources.sh RILL
#
# A GitRepository over HTTP from nothing to a fetched artifact, a push that is
# noticed on request, failures and their end, a restart, suspend and delete.
set -eu

program=sources.sh
. "$(dirname "$0")/sources_world.sh"
gits=/apis/source.toolkit.fluxcd.io/v1/namespaces/flux-system/gitrepositories
path=$gits/app
export GIT_CONFIG_NOSYSTEM=1 GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@b GIT_COMMITTER_NAME=c GIT_COMMITTER_EMAIL=c@d

# ---- the world

mkdir repos
git init -q --bare -b main repos/app.git
git -C repos/app.git config http.receivepack true
git clone -q repos/app.git app 2>/dev/null
commit() { (cd app && echo "$1" >>a.yaml && git add . && git commit -qm "$1" && git push -q origin HEAD:main); }
commit 'first commit'
mkfifo leash
python3 "$here/git_server.py" repos port <leash &
exec 3>leash
pids+=($!)
until_true "the Git server listens" test -s port
start_server
start_controller

# ---- from nothing to an artifact

create $gits '{"apiVersion":"source.toolkit.fluxcd.io/v1","kind":"GitRepository","metadata":{"name":"app"},
  "spec":{"interval":"1h","url":"http://127.0.0.1:'"$(cat port)"'/plain/app.git","ref":{"branch":"main"}}}'
one=$(git -C app rev-parse HEAD)
until_true "stored" is Ready "True Succeeded stored artifact for revision 'main@sha1:$one'"
is ArtifactInStorage "True Succeeded stored artifact for revision 'main@sha1:$one'" || fail "ArtifactInStorage: $(condition ArtifactInStorage)"
[ -z "$(condition Reconciling)$(condition FetchFailed)$(condition ArtifactOutdated)" ] || fail "conditions are left"
[ "$(field status/artifact/revision)" = "main@sha1:$one" ] || fail "revision: $(field status/artifact/revision)"
[ "$(field status/observedGeneration)" = 1 ] || fail "observedGeneration"
[ "$(field metadata/finalizers)" = "['finalizers.fluxcd.io']" ] || fail "finalizers: $(field metadata/finalizers)"
until_true "event" tells "^Normal NewArtifact source-controller stored artifact for commit 'first commit'$"
[ "$(curl -s "$(field status/artifact/url)" | tar xzO a.yaml)" = 'first commit' ] || fail "the artifact's content"
[ "$(curl -s "$(field status/artifact/url)" | sha256sum | cut -c1-64)" = "$(field status/artifact/digest | cut -c8-)" ] || fail digest

# ---- a push, noticed on request

commit 'second commit'
two=$(git -C app rev-parse HEAD)
out=$("$rill" reconcile source git app 2>&1) || fail "reconcile: $out"
grep -q "fetched revision main@sha1:$two" <<<"$out" || fail "reconcile says: $out"
until_true "event" tells "NewArtifact source-controller stored artifact for commit 'second commit'$"
out=$("$rill" reconcile source git app 2>&1) || fail "reconcile: $out"
until_true "event" tells "GitOperationSucceeded source-controller no changes since last reconciliation: observed revision 'main@sha1:$two'$"

# ---- a failure, and its end

patch '{"spec":{"ref":{"branch":"nowhere"}}}'
until_true "failed" is FetchFailed "True GitOperationFailed failed to checkout and determine revision: unable to clone 'http://127.0.0.1:$(cat port)/plain/app.git': couldn't find remote ref \"refs/heads/nowhere\""
[ "$(condition Ready)" = "$(condition FetchFailed | sed 's/^True/False/')" ] || fail "Ready: $(condition Ready)"
is Reconciling "True ProgressingWithRetry processing object: new generation 1 -> 2" || fail "Reconciling: $(condition Reconciling)"
until_true "event" tells '^Warning GitOperationFailed source-controller failed to checkout'
[ "$(field status/observedGeneration)" = 1 ] || fail "observedGeneration moved"
patch '{"spec":{"ref":{"branch":"main"}}}'
until_true "recovered" is Ready "True Succeeded stored artifact for revision 'main@sha1:$two'"
until_true "event" tells '^Normal Succeeded source-controller'
[ -z "$(condition FetchFailed)" ] || fail "FetchFailed is left"

# ---- what is missing

patch '{"spec":{"proxySecretRef":{"name":"proxy"}}}'
until_true "no proxy" is FetchFailed "True AuthenticationFailed failed to configure proxy options: secret 'flux-system/proxy' not found"
patch '{"spec":{"proxySecretRef":null,"include":[{"repository":{"name":"nobody"}}]}}'
until_true "no include" is IncludeUnavailable "True NotFound could not get resource for include 'nobody': GitRepository.source.toolkit.fluxcd.io \"nobody\" not found"

# ---- a Secret that is missing, and then there

patch '{"spec":{"include":null,"url":"http://127.0.0.1:'"$(cat port)"'/basic/app.git","secretRef":{"name":"login"}}}'
until_true "no secret" is FetchFailed "True AuthenticationFailed failed to get secret 'flux-system/login': failed to get secret 'flux-system/login': secrets \"login\" not found"
create /api/v1/namespaces/flux-system/secrets '{"metadata":{"name":"login"},"data":{"username":"bWU=","password":"cGFzcyB3b3Jk"}}'
until_true "let in" is Ready "True Succeeded stored artifact for revision 'main@sha1:$two'"

# ---- a restart: what was stored stays, and no request is made twice

before=$(field metadata/resourceVersion)
stop_controller
start_controller
until_true "started" grep -q 'controllers started' controller.log
until_true "looked again" tells 'GitOperationSucceeded'
[ "$(field status/artifact/revision)" = "main@sha1:$two" ] || fail "lost its artifact"

# ---- a broken file is noticed

file=store/$(field status/artifact/path)
printf x >>"$file"
"$rill" reconcile source git app >/dev/null 2>&1 || fail "reconcile of a broken store"
until_true "event" tells '^Warning ArtifactVerificationFailed source-controller failed to verify integrity of artifact'
[ "$(sha256sum <"$file" | cut -c1-64)" = "$(field status/artifact/digest | cut -c8-)" ] || fail "not mended"

# ---- signatures: Ready says what is wrong with them

# refused REASON TEXT: Ready and SourceVerified say so, and an Event
refused() {
	until_true "Ready: $1 $2" is Ready "False $1 $2"
	is SourceVerified "False $1 $2" || fail "SourceVerified: $(condition SourceVerified)"
	[ -z "$(condition FetchFailed)$(condition ArtifactOutdated)" ] || fail "FetchFailed: $(condition FetchFailed) $(condition ArtifactOutdated)"
	[ "$(field status/artifact/revision)" = "main@sha1:$two" ] || fail "what was stored has gone"
	until_true "event" tells "^Warning $1 source-controller "
}
secret() { api -X PATCH -H 'Content-Type: application/merge-patch+json' -d "$1" "$(url)/api/v1/namespaces/flux-system/secrets/signers" >/dev/null; }
ssh-keygen -q -t ed25519 -N '' -f mine
ssh-keygen -q -t ed25519 -N '' -f other
patch '{"spec":{"verify":{"mode":"HEAD","secretRef":{"name":"signers"}}}}'
refused VerificationError 'public keys secret error: secrets "signers" not found'
create /api/v1/namespaces/flux-system/secrets '{"metadata":{"name":"signers"},"data":{"a.sshpub":"'"$(base64 -w0 <other.pub)"'"}}'
refused InvalidCommitSignature "signature verification of commit '$two' failed: unsupported signature type: empty"
git -C app -c gpg.format=ssh -c user.signingkey="$PWD/mine" commit -qS --allow-empty -m 'signed commit'
git -C app push -q origin HEAD:main
signed=$(git -C app rev-parse HEAD)
"$rill" reconcile source git app --timeout 20s >/dev/null 2>&1 && fail "reconciled what is not verified"
refused InvalidCommitSignature "signature verification of commit '$signed' failed: unable to verify Git commit SSH signature: unable to verify payload with any of the given authorized keys: no matching key
public key does not match"
secret '{"data":{"a.sshpub":"'"$(base64 -w0 <mine.pub)"'"}}'
until_true "verified" is Ready "True Succeeded stored artifact for revision 'main@sha1:$signed'"
condition SourceVerified | grep -q '^True Succeeded verified signature of' || fail "SourceVerified: $(condition SourceVerified)"
until_true "event" tells '^Normal Succeeded source-controller verified signature of'
[ "$(field status/sourceVerificationMode)" = HEAD ] || fail "mode: $(field status/sourceVerificationMode)"
two=$signed
patch '{"spec":{"verify":{"mode":"Tag"}}}'
refused InvalidVerificationMode "cannot verify tag object's signature if a tag reference is not specified"
is Stalled "True InvalidVerificationMode cannot verify tag object's signature if a tag reference is not specified" || fail "Stalled: $(condition Stalled)"
patch '{"spec":{"verify":null}}'
until_true "not verified any more" is Ready "True Succeeded stored artifact for revision 'main@sha1:$two'"
[ -z "$(condition SourceVerified)$(field status/sourceVerificationMode)" ] || fail "SourceVerified is left"
file=store/$(field status/artifact/path)

# ---- suspended, asked, deleted

patch '{"spec":{"suspend":true}}'
commit 'third commit'
patch '{"metadata":{"annotations":{"reconcile.fluxcd.io/requestedAt":"now"}}}'
until_true "handled" eval '[ "$(field status/lastHandledReconcileAt)" = now ]'
[ "$(field status/artifact/revision)" = "main@sha1:$two" ] || fail "suspended, and fetched"
grep -q '"reconciliation is suspended for this object","controller":"gitrepository","controllerGroup":"source.toolkit.fluxcd.io","controllerKind":"GitRepository","GitRepository":{"name":"app","namespace":"flux-system"},"namespace":"flux-system","name":"app","reconcileID":"' controller.log || fail "no word of suspend in the log"
api -X DELETE "$(url)$path" >/dev/null
until_true "gone" gone
[ ! -e "$(dirname "$file")" ] || fail "artifacts are left"
stop_controller

# ---- only one leads

RUNTIME_NAMESPACE=flux-system start_controller --enable-leader-election --leader-election-retry-period 200ms --leader-election-lease-duration 2s
until_true "leads" grep -q 'successfully acquired leases' controller.log
lease=$(api "$(url)/apis/coordination.k8s.io/v1/namespaces/flux-system/leases/source-controller-leader-election")
grep -q "\"holderIdentity\": *\"[^\"]" <<<"$lease" || fail "lease: $lease"
first=$controller
: >controller.log
start_controller --enable-leader-election --leader-election-retry-period 200ms
until_true "asks" grep -q 'attempting to acquire' controller.log
sleep 0.5
! grep -q 'successfully acquired' controller.log || fail "two lead"
kill $first
wait $first || fail "the first ended with $?"
until_true "leads in turn" grep -q 'successfully acquired leases' controller.log
stop_controller
echo "sources: ok"

#!/bin/bash
# Git sources fetched from real servers: git.sh GITFETCH [http|ssh]
#
# http: `git http-backend` behind git_server.py; ssh: openssh-server. Both on
# loopback, started here and gone with this script.
set -eu

gitfetch=$(realpath "$1")
part=${2:-http}
here=$(realpath "$(dirname "$0")")
dir=$(mktemp -d)
trap 'kill $(jobs -p) 2>/dev/null || true; wait; rm -rf "$dir"' EXIT
cd "$dir"
export HOME=$dir GIT_CONFIG_NOSYSTEM=1
export GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@b GIT_COMMITTER_NAME=c GIT_COMMITTER_EMAIL=c@d
export GIT_AUTHOR_DATE='1700000000 +0000' GIT_COMMITTER_DATE='1700000000 +0000'

fail() {
	echo "git.sh: $*"
	exit 1
}
# want TEXT ARGS...: what gitfetch says, its store being
# one for all; lines that begin with a blank are the files.
want() {
	local want=$1 got
	shift
	got=$(timeout 60 "$gitfetch" "$dir/store" "$@" 2>&1) || true
	[ "$got" = "$want" ] || fail "$*"$'\n'"--- want"$'\n'"$want"$'\n'"--- got"$'\n'"$got"
}
# The same for a failure, by its text behind the condition.
want_failure() {
	local text=$1
	shift
	want "failed: $text" "$@"
}
# Only the first line counts: the revision.
want_revision() {
	local want=$1 got
	shift
	got=$(timeout 60 "$gitfetch" "$dir/store" "$@" 2>&1 | grep '^revision:\|^failed' | tail -1) || true
	[ "$got" = "revision: $want" ] || fail "$*: want '$want', got '$got'"
}

git() { command git -c protocol.file.allow=always "$@"; }

mkdir root
git init -q -b main w
(
	cd w
	mkdir -p apps/base docs deep/er
	echo hello >README.md
	echo 'kind: A' >apps/a.yaml
	echo 'kind: B' >apps/base/b.yaml
	echo 'kind: C' >deep/er/c.yaml
	printf '#!/bin/sh\n' >run.sh
	chmod +x run.sh
	echo text >docs/x.md
	echo picture >pic.png
	ln -s README.md link
	ln -s /etc/passwd outside
	git add .
	git commit -q -m 'first commit'
	git tag v0.9.0
	git tag -a -m 'a tag' v1.0.0
	git tag not-a-version
	git tag v0.8.0+old
	GIT_COMMITTER_DATE='1700000100 +0000' git commit -q --allow-empty -m 'a subject that is much longer than fifty characters, and so it is cut'
	git tag v1.1.0-rc.1
	git tag v0.8.0+new
	git tag -a -m 'another tag' v0.8.0+mid v0.9.0
	git branch feature/x
	git update-ref refs/pull/7/head HEAD
)
git clone -q --mirror w root/r.git
first=$(git -C w rev-parse v0.9.0)
head=$(git -C w rev-parse HEAD)
cut='a subject that is much longer than fifty character...'
files="  0600 README.md 6
  0750 apps/
  0600 apps/a.yaml 8
  0750 apps/base/
  0600 apps/base/b.yaml 8
  0750 deep/
  0750 deep/er/
  0600 deep/er/c.yaml 8
  0750 docs/
  0600 docs/x.md 5
  0700 run.sh 10"

# stored REVISION HEX SUBJECT: what a success prints
stored() {
	printf 'revision: %s\nevent: stored artifact for commit '"'%s'"'\nurl: http://source.example/gitrepository/ns/repo/%s.tar.gz\n%s' \
		"$1" "$3" "$2" "${4-$files}"
}
GITOP='FetchFailed GitOperationFailed: failed to checkout and determine revision'
GONE='dial tcp 127.0.0.1:1: connect: connection refused'

http() {
	coproc server { exec python3 "$here/git_server.py" "$dir/root" "$dir/port"; }
	for _ in $(seq 100); do
		[ -e port ] && break
		sleep 0.1
	done
	port=$(cat port)
	url=http://127.0.0.1:$port

	for how in plain v0; do
		want "$(stored "main@sha1:$head" $head "$cut")" $url/$how/r.git branch=main
		want "$(stored "main@sha1:$head" $head "$cut")" $url/$how/r branch=main
		want "$(stored "v1.0.0@sha1:$first" $first 'first commit')" $url/$how/r.git tag=v1.0.0
		want "$(stored "v0.9.0@sha1:$first" $first 'first commit')" $url/$how/r.git tag=v0.9.0
		want_revision "v1.0.0@sha1:$first" $url/$how/r.git semver='>=0.1.0'
		want_revision "v1.1.0-rc.1@sha1:$head" $url/$how/r.git semver='>=1.0.0-0'
		want_revision "v0.9.0@sha1:$first" $url/$how/r.git semver='<1'
		# of equal versions the newest commit
		want_revision "v0.8.0+new@sha1:$head" $url/$how/r.git semver='~0.8'
		want_revision "feature/x@sha1:$head" $url/$how/r.git branch=feature/x
		want_revision "refs/heads/main@sha1:$head" $url/$how/r.git name=refs/heads/main
		want_revision "refs/tags/v1.0.0@sha1:$first" $url/$how/r.git name=refs/tags/v1.0.0
		want_revision "refs/tags/v1.0.0^{}@sha1:$first" $url/$how/r.git name='refs/tags/v1.0.0^{}'
		want_revision "refs/pull/7/head@sha1:$head" $url/$how/r.git name=refs/pull/7/head
		want_revision "sha1:$head" $url/$how/r.git commit=$head
		want_revision "sha1:$first" $url/$how/r.git commit=$first
		want_revision "main@sha1:$first" $url/$how/r.git commit=$first branch=main
		# commit goes before name, name before tag, tag before semver, semver before branch
		want_revision "sha1:$first" $url/$how/r.git commit=$first name=refs/heads/main tag=v1.1.0-rc.1
		want_revision "refs/heads/main@sha1:$head" $url/$how/r.git name=refs/heads/main tag=v1.0.0
		want_revision "v0.9.0@sha1:$first" $url/$how/r.git tag=v0.9.0 semver='>=1.0.0-0' branch=main
		want_revision "v1.0.0@sha1:$first" $url/$how/r.git semver=1.x branch=main

		want_failure "$GITOP: unable to clone '$url/$how/r.git': couldn't find remote ref \"refs/heads/nope\"" \
			$url/$how/r.git branch=nope
		want_failure "$GITOP: unable to clone '$url/$how/r.git': couldn't find remote ref \"refs/heads/master\"" \
			$url/$how/r.git
		want_failure "$GITOP: unable to clone '$url/$how/r.git': couldn't find remote ref \"refs/tags/v9\"" \
			$url/$how/r.git tag=v9
		want_failure "$GITOP: unable to resolve ref 'refs/heads/nope' to a specific commit" \
			$url/$how/r.git name=refs/heads/nope
		want_failure "$GITOP: no match found for semver: >=2" $url/$how/r.git semver='>=2'
		want_failure "$GITOP: semver parse error: improper constraint: \"what\"" $url/$how/r.git semver=what
		want_failure "$GITOP: unable to resolve commit object for '0123456789012345678901234567890123456789': object not found" \
			$url/$how/r.git commit=0123456789012345678901234567890123456789
		want_failure "$GITOP: unable to resolve commit object for 'xyz': object not found" $url/$how/r.git commit=xyz
		# names that Git would not allow are of no reference, whatever a program would take them for
		for odd in --output=x ../../x 'a..b' 'a b' 'a~1' '-x' 'x.lock' '@{1}'; do
			want_failure "$GITOP: unable to clone '$url/$how/r.git': couldn't find remote ref \"refs/heads/$odd\"" \
				$url/$how/r.git branch="$odd"
		done
	done
	want_failure "$GITOP: ref refs/heads/x/ is invalid; Git refs cannot begin or end with a slash '/'" \
		$url/plain/r.git name=refs/heads/x/

	# polled again: one request, nothing else
	: >port.log
	want_revision "main@sha1:$head (unchanged)" $url/plain/r.git branch=main again
	[ "$(grep -c . port.log)" = 4 ] || fail "a poll takes more than one request: $(cat port.log)"
	want_revision "v1.0.0@sha1:$first (unchanged)" $url/plain/r.git semver=1.x again
	want_revision "sha1:$first (unchanged)" $url/v0/r.git commit=$first again
	want_revision "refs/heads/main@sha1:$head (unchanged)" $url/plain/r.git name=refs/heads/main again

	# what is left out
	want "$(stored "main@sha1:$head" $head "$cut" "  0750 deep/
  0750 deep/er/
  0600 deep/er/c.yaml 8")" $url/plain/r.git branch=main ignore=$'/*\n!/deep'
	want "$(stored "main@sha1:$head" $head "$cut" "  0600 README.md 6
  0750 apps/
  0600 apps/a.yaml 8
  0750 apps/base/
  0600 apps/base/b.yaml 8
  0750 deep/
  0750 deep/er/
  0600 deep/er/c.yaml 8
  0750 docs/
  0600 docs/x.md 5
  0600 pic.png 8")" $url/plain/r.git branch=main ignore='*.sh'
	want "$(stored "main@sha1:$head" $head "$cut" "  0750 apps/
  0600 apps/a.yaml 8
  0750 apps/base/
  0600 apps/base/b.yaml 8
  0750 docs/
  0600 docs/x.md 5")" $url/plain/r.git branch=main sparse=./apps sparse=docs
	want_failure "FetchFailed GitOperationFailed: failed to sparse checkout directories : sparse checkout dir 'nope' does not exist in repository: lstat nope: no such file or directory" \
		$url/plain/r.git branch=main sparse=nope

	# parts of another artifact
	got=$("$gitfetch" store $url/plain/r.git branch=main include=/apps:./vendor/../lib/apps | awk '/^revision/ { n++ } n == 2 && /^  /')
	[ "$got" = "${files/  0700 run.sh/  0750 lib/
  0750 lib/apps/
  0600 lib/apps/a.yaml 8
  0750 lib/apps/base/
  0600 lib/apps/base/b.yaml 8
  0700 run.sh}" ] || fail "include: $got"
	got=$("$gitfetch" store $url/plain/r.git branch=main include=:../../up | sed -n 's|^  0[0-7]* up/||p' | head -3 | tr '\n' ' ')
	[ "$got" = ' README.md 6 apps/ ' ] || fail "include: $got"
	included() { # TEXT ARGS
		local got
		got=$("$gitfetch" store $url/plain/r.git branch=main "$2") && fail "include $2"
		[ "${got##*$'\n'}" = "failed: StorageOperationFailed CopyFailure: failed to copy 'first' include from $1" ] || fail "include $2: $got"
	}
	included '/ to apps: rename apps: file exists' include=:apps
	included '/none to x: lstat none: no such file or directory' include=/none:x

	# who we are
	want_failure "$GITOP: unable to clone '$url/basic/r.git': authentication required: who are you?" \
		$url/basic/r.git branch=main
	want_revision "main@sha1:$head" $url/basic/r.git branch=main secret.username=me 'secret.password=pass word'
	want_revision "main@sha1:$head" "http://me:pass%20word@127.0.0.1:$port/basic/r.git" branch=main
	want_failure "$GITOP: unable to clone 'http://me:***@127.0.0.1:$port/basic/r.git': authentication required: who are you?" \
		"http://me:wrong-one@127.0.0.1:$port/basic/r.git" branch=main
	want_revision "main@sha1:$head" $url/bearer/r.git branch=main secret.bearerToken=a-token
	want_failure "FetchFailed AuthenticationFailed: failed to configure authentication options: invalid 'http' auth option: 'password' requires 'username' to be set" \
		$url/basic/r.git branch=main secret.password=x
	want_failure "$GITOP: basic auth and bearer token cannot be set at the same time" \
		"http://me@127.0.0.1:$port/basic/r.git" secret.bearerToken=x
	want_failure "FetchFailed AuthenticationFailed: failed to configure authentication options: invalid 'ssh' auth option: 'identity' is required" \
		ssh://git@127.0.0.1/x branch=main secret.known_hosts=x
	want_failure "FetchFailed AuthenticationFailed: failed to configure authentication options: invalid 'ssh' auth option: 'known_hosts' is required" \
		ssh://git@127.0.0.1/x branch=main secret.identity=x
	openssl genrsa -traditional -out app.pem 2048 2>/dev/null
	want_revision "main@sha1:$head" $url/app/r.git branch=main provider=github secret.githubAppID=42 \
		secret.githubAppInstallationID=77 secret.githubAppPrivateKey=@app.pem secret.githubAppBaseURL=$url/api
	want_revision "main@sha1:$head" $url/app/r.git branch=main provider=github secret.githubAppID=42 \
		secret.githubAppInstallationOwner=org secret.githubAppPrivateKey=@app.pem secret.githubAppBaseURL=$url/api/
	grep -q '^app /app/installations/77/access_tokens 42$' port.log || fail 'no app'
	want_failure "FetchFailed AuthenticationFailed: failed to configure authentication options: failed to find organization installation: GET $url/api/orgs/other/installation: 404 Not Found []
failed to find user installation: GET $url/api/users/other/installation: 404 Not Found []" \
		$url/app/r.git provider=github secret.githubAppID=42 secret.githubAppInstallationOwner=other \
		secret.githubAppPrivateKey=@app.pem secret.githubAppBaseURL=$url/api
	want_failure "FetchFailed InvalidProviderConfiguration (stalled): secretRef with github app data must be specified when provider is set to github" \
		$url/app/r.git provider=github
	want_failure "FetchFailed InvalidProviderConfiguration: secretRef 'ns/secret' has github app data but provider is not set to github" \
		$url/app/r.git secret.githubAppID=42

	# redirects: followed at first, never with credentials to another host
	want_revision "main@sha1:$head" $url/moved/r.git branch=main
	: >port.log
	want_failure "$GITOP: unable to clone '$url/away/r.git': authentication required: who are you?" \
		$url/away/r.git branch=main secret.username=me 'secret.password=pass word'
	grep 'localhost' port.log | grep -q Basic && fail 'credentials went to another host'
	want_failure "$GITOP: unable to clone '$url/loop/r.git': Get \"$url/loop/r.git/info/refs?service=git-upload-pack\": stopped after 10 redirects" \
		$url/loop/r.git branch=main

	# servers that are none, or no good ones
	want_failure "$GITOP: unable to clone '$url/plain/none.git': repository not found: " $url/plain/none.git branch=main
	want_failure "$GITOP: unable to clone '$url/forbidden/r.git': authorization failed: not for you" $url/forbidden/r.git branch=main
	want_failure "$GITOP: unable to clone '$url/error/r.git': unexpected client error: unexpected requesting \"$url/error/r.git/info/refs?service=git-upload-pack\" status code: 500" \
		$url/error/r.git branch=main
	git -C root/r.git update-server-info
	want_failure "$GITOP: unable to clone '$url/dumb/r.git': invalid pkt-len found" $url/dumb/r.git branch=main
	want_failure "$GITOP: unable to clone 'http://127.0.0.1:1/r.git': Get \"http://127.0.0.1:1/r.git/info/refs?service=git-upload-pack\": $GONE" \
		http://127.0.0.1:1/r.git branch=main
	want_failure "$GITOP: unable to clone '$url/hang/r.git': Get \"$url/hang/r.git/info/refs?service=git-upload-pack\": context deadline exceeded" \
		$url/hang/r.git branch=main timeout=300
	want_failure "$GITOP: unable to clone '$url/slow/r.git': Get \"$url/slow/r.git/info/refs?service=git-upload-pack\": context deadline exceeded" \
		$url/slow/r.git branch=main timeout=1500
	want_failure "$GITOP: unable to clone '$url/cut/r.git': Post \"$url/cut/r.git/git-upload-pack\": unexpected EOF" \
		$url/cut/r.git branch=main
	want_failure "$GITOP: unable to clone '$url/broken/r.git': malformed pack file: checksum mismatch" \
		$url/broken/r.git branch=main
	want_failure "$GITOP: unsupported scheme \"ext\"" 'ext::sh -c touch% x' branch=main
	want_failure "$GITOP: unsupported scheme \"file\"" file:///etc branch=main
	want_failure "$GITOP: unsupported scheme \"\"" --upload-pack=touch branch=main
	want_failure "FetchFailed URLInvalid (stalled): failed to parse url 'http://a b/': parse \"http://a b/\": invalid character \" \" in host name" \
		'http://a b/' branch=main
	git init -q --bare root/empty.git
	for how in plain v0; do
		want_failure "FetchFailed EmptyGitRepository: git repository is empty" $url/$how/empty.git branch=main
		want_failure "$GITOP: unable to clone: remote repository is empty: git repository: '$url/$how/empty.git'" \
			$url/$how/empty.git tag=v1
		want_failure "$GITOP: unable to clone: remote repository is empty: git repository: '$url/$how/empty.git'" \
			$url/$how/empty.git semver=1.x
	done

	# names that objects are given by SHA-256
	git init -q -b main --object-format=sha256 w256
	(cd w256 && echo x >x && git add . && git commit -q -m sha256 && git tag -a -m t v1.0.0)
	git clone -q --mirror w256 root/r256.git
	head256=$(git -C w256 rev-parse HEAD)
	want "$(stored "main@sha256:$head256" $head256 sha256 '  0600 x 2')" $url/plain/r256.git branch=main
	want_revision "v1.0.0@sha256:$head256" $url/plain/r256.git tag=v1.0.0
	want_revision "sha256:$head256" $url/plain/r256.git commit=$head256

	# submodules: off unless asked for; beside the repository, and elsewhere
	git init -q -b main sub
	(cd sub && echo s >s.yaml && git add . && git commit -q -m sub)
	git clone -q --mirror sub root/sub.git
	git init -q -b main super
	(
		cd super
		echo top >top
		git submodule --quiet add "$dir/root/sub.git" mod/one 2>/dev/null
		git config -f .gitmodules submodule.mod/one.url ../sub.git
		git add . && git commit -q -m super
	)
	git clone -q --mirror super root/super.git
	superhead=$(git -C super rev-parse HEAD)
	want "$(stored "main@sha1:$superhead" $superhead super '  0750 mod/
  0750 mod/one/
  0600 top 4')" $url/plain/super.git branch=main
	want "$(stored "main@sha1:$superhead" $superhead super '  0750 mod/
  0750 mod/one/
  0600 mod/one/s.yaml 2
  0600 top 4')" $url/plain/super.git branch=main submodules
	for bad in file:///etc "ext::sh -c touch" --upload-pack=x; do
		(cd super && git config -f .gitmodules submodule.mod/one.url "$bad" && git commit -q -am bad && git push -q "$dir/root/super.git" main)
		got=$("$gitfetch" store $url/plain/super.git branch=main submodules) && fail "submodule at $bad"
		case $got in
		*"submodule 'mod/one': unsupported scheme"*) ;;
		*) fail "submodule at $bad: $got" ;;
		esac
	done

	# hostile trees: made by hand, as git would not
	blob=$(echo x | git -C root/r.git hash-object -w --stdin)
	tree() { git -C root/r.git mktree --missing; }
	raw() { # NAME TREE-BYTES as printf text: a commit on branch NAME
		local t c
		t=$(printf "$2" | git -C root/r.git hash-object -w -t tree --literally --stdin)
		c=$(git -C root/r.git commit-tree -m "$1" $t)
		git -C root/r.git update-ref refs/heads/$1 $c
	}
	id=$(echo $blob | sed 's/../\\x&/g')
	n=0
	for name in .git .GIT .gIt '.git ' .git. 'GIT~1' '.git::$INDEX_ALLOCATION' '..' '.' '.g\xe2\x80\x8cit'; do
		n=$((n + 1))
		raw bad$n "100644 $name\\0$id"
		got=$("$gitfetch" store $url/plain/r.git branch=bad$n) && fail "a file named $name"
		case $got in
		*"unable to clone '$url/plain/r.git': invalid path: "*) ;;
		*) fail "a file named $name: $got" ;;
		esac
	done
	raw twice "100644 a\\0${id}100644 a\\0$id"
	want_failure "$GITOP: unable to clone '$url/plain/r.git': malformed tree: entries are not in order" $url/plain/r.git branch=twice
	sub=$(printf '100644 blob %s\tx\n' $blob | tree | sed 's/../\\x&/g')
	raw both "100644 a\\0${id}100644 a-b\\0${id}40000 a\\0$sub"
	want_failure "$GITOP: unable to clone '$url/plain/r.git': invalid path: \"a\": it is a file and a directory" \
		$url/plain/r.git branch=both
	raw backslash "100644 a\\\\..\\\\b\\0$id"
	want_failure "StorageOperationFailed ArchiveOperationFailed: unable to archive artifact to storage: tar contained invalid name error \"a\\\\..\\\\b\"" \
		$url/plain/r.git branch=backslash
	# a tree of a tree of a tree, each ten times: 10^7 files in a few hundred bytes
	t=$(printf '100644 blob %s\tx\n' $blob | tree)
	for _ in 1 2 3 4 5 6 7; do
		t=$(for i in 0 1 2 3 4 5 6 7 8 9; do printf '040000 tree %s\t%s\n' $t $i; done | tree)
	done
	git -C root/r.git update-ref refs/heads/bomb $(git -C root/r.git commit-tree -m bomb $t)
	want_failure "$GITOP: unable to clone '$url/plain/r.git': the repository has more than 1000000 files" \
		$url/plain/r.git branch=bomb
	t=$(printf '100644 blob %s\tx\n' $blob | tree)
	for _ in $(seq 300); do t=$(printf '040000 tree %s\td\n' $t | tree); done
	git -C root/r.git update-ref refs/heads/deep $(git -C root/r.git commit-tree -m deep $t)
	want_failure "$GITOP: unable to clone '$url/plain/r.git': directories of the repository are nested more than 256 deep" \
		$url/plain/r.git branch=deep

	# signatures
	if command -v ssh-keygen >/dev/null; then
		ssh-keygen -q -t ed25519 -N '' -f signer
		ssh-keygen -q -t ed25519 -N '' -f stranger
		print=$(ssh-keygen -l -f signer.pub | cut -d' ' -f2)
		git -C w -c gpg.format=ssh -c user.signingkey="$dir/signer" commit -q --allow-empty -S -m signed
		git -C w -c gpg.format=ssh -c user.signingkey="$dir/signer" tag -s -m 'signed tag' v2.0.0
		git -C w push -q "$dir/root/r.git" main v2.0.0
		signed=$(git -C w rev-parse HEAD)
		tagid=$(git -C w rev-parse v2.0.0)
		got=$("$gitfetch" store $url/plain/r.git tag=v2.0.0 verify=TagAndHEAD keys.a.sshpub=@signer.pub | sed -n '/^verified/,/^url/p' | sed '$d')
		[ "$got" = "verified: verified signature of
	- tag 'v2.0.0@$tagid' with key '$print'
	- commit '$signed' with key '$print'" ] || fail "verified: $got"
		want_failure "SourceVerified InvalidCommitSignature: signature verification of commit '$signed' failed: unable to verify Git commit SSH signature: unable to verify payload with any of the given authorized keys: no matching key
public key does not match" $url/plain/r.git branch=main verify=HEAD keys.a.sshpub=@stranger.pub
		want_failure "SourceVerified InvalidCommitSignature: signature verification of commit '$signed' failed: SSH signature detected but no SSH public keys found in secret (keys with .sshpub suffix)" \
			$url/plain/r.git branch=main verify=HEAD keys.a.asc=x
	fi
	want_failure "SourceVerified InvalidCommitSignature: signature verification of commit '$first' failed: unsupported signature type: empty" \
		$url/plain/r.git tag=v1.0.0 verify=HEAD keys.a.asc=x
	want_failure "SourceVerified InvalidGitObject: cannot verify signature of tag 'v1.0.0@$(git -C w rev-parse v1.0.0)' since it is not signed" \
		$url/plain/r.git tag=v1.0.0 verify=Tag keys.a.asc=x
	want_failure "SourceVerified InvalidGitObject: cannot verify signature of tag 'v0.9.0' since it is not signed" \
		$url/plain/r.git tag=v0.9.0 verify=Tag keys.a.asc=x
	want_failure "SourceVerified InvalidVerificationMode (stalled): cannot verify tag object's signature if a tag reference is not specified" \
		$url/plain/r.git branch=main verify=Tag keys.a.asc=x

	# proxies
	want_failure "FetchFailed AuthenticationFailed: failed to configure proxy options: secret 'ns/secret': proxy address is empty" \
		$url/plain/r.git proxy.address=
	want_failure "FetchFailed AuthenticationFailed: failed to configure proxy options: secret 'ns/secret': key 'address' not found" \
		$url/plain/r.git proxy.username=x
	want_failure "FetchFailed AuthenticationFailed: failed to configure proxy options: secret 'ns/secret': proxy URL must use one of the supported schemes (http, https, socks5), got 'ftp'" \
		$url/plain/r.git proxy.address=ftp://x
	want_failure "$GITOP: unable to clone '$url/plain/r.git': Get \"$url/plain/r.git/info/refs?service=git-upload-pack\": proxyconnect tcp: $GONE" \
		$url/plain/r.git branch=main proxy.address=http://127.0.0.1:1

	# a disk without room leaves nothing behind
	[ -z "$(ls -A store/.tmp)" ] || fail "leftovers: $(ls -A store/.tmp)"

	# over TLS: with the right authority, for the right name, known by our own certificate
	if command -v openssl >/dev/null; then
		tls
	fi
}

tls() {
	mkdir certs
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout certs/ca.key -out certs/ca.crt -days 2 -subj /CN=ca 2>/dev/null
	issue() { # NAME SAN DAYS
		openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout certs/$1.key -out certs/$1.csr -subj /CN=$1 2>/dev/null
		printf 'subjectAltName=%s\n' "$2" >certs/ext
		openssl x509 -req -in certs/$1.csr -CA certs/ca.crt -CAkey certs/ca.key -CAcreateserial -out certs/$1.crt -days $3 -extfile certs/ext 2>/dev/null
	}
	issue good IP:127.0.0.1,DNS:localhost 2
	issue other DNS:other.example,DNS:www.other.example 2
	issue old IP:127.0.0.1 -1
	issue client DNS:client 2
	serve() { # CERT [CLIENT_CA]
		rm -f port
		coproc python3 "$here/git_server.py" "$dir/root" "$dir/port" certs/$1.crt certs/$1.key ${2-} 2>/dev/null
		for _ in $(seq 100); do
			[ -e port ] && break
			sleep 0.1
		done
		port=$(cat port)
		url=https://127.0.0.1:$port
	}
	refused() { # TEXT ARGS: an x509 error
		local text=$1
		shift
		want_failure "$GITOP: unable to clone '$url/plain/r.git': Get \"$url/plain/r.git/info/refs?service=git-upload-pack\": tls: failed to verify certificate: x509: $text" \
			$url/plain/r.git branch=feature/x "$@"
	}
	serve good 2>/dev/null
	want_revision "feature/x@sha1:$head" $url/plain/r.git branch=feature/x secret.ca.crt=@certs/ca.crt
	want_revision "feature/x@sha1:$head" $url/plain/r.git branch=feature/x secret.caFile=@certs/ca.crt
	refused 'certificate signed by unknown authority'
	refused 'certificate signed by unknown authority' secret.ca.crt=@certs/other.crt
	serve other 2>/dev/null
	refused "cannot validate certificate for 127.0.0.1 because it doesn't contain any IP SANs" secret.ca.crt=@certs/ca.crt
	serve old 2>/dev/null
	got=$("$gitfetch" store $url/plain/r.git branch=main secret.ca.crt=@certs/ca.crt) || true
	case $got in
	*'tls: failed to verify certificate: x509: certificate has expired or is not yet valid: current time 20'*'Z is after 20'*'Z') ;;
	*) fail "an old certificate: $got" ;;
	esac
	serve good certs/ca.crt 2>/dev/null
	want_revision "feature/x@sha1:$head" $url/plain/r.git branch=feature/x secret.ca.crt=@certs/ca.crt \
		secret.tls.crt=@certs/client.crt secret.tls.key=@certs/client.key
	# the server may be gone before its complaint is read
	got=$("$gitfetch" store $url/plain/r.git branch=feature/x secret.ca.crt=@certs/ca.crt) && fail 'no certificate'
	case $got in
	*'": remote error: tls: certificate required' | *'broken pipe' | *'connection reset by peer') ;;
	*) fail "no certificate: $got" ;;
	esac
}

ssh_tests() {
	local sshd
	sshd=$(command -v sshd || echo /usr/sbin/sshd)
	if [ ! -x "$sshd" ] || ! command -v ssh >/dev/null; then
		echo 'git.sh: openssh-server and openssh-client are not installed: skipped'
		exit 77
	fi
	# where a user may log in at all
	if [ "$(id -u)" = 0 ]; then mkdir -p /run/sshd; fi
	ssh-keygen -q -t ed25519 -N '' -f host
	ssh-keygen -q -t ed25519 -N '' -f host2
	ssh-keygen -q -t ed25519 -N '' -f me
	ssh-keygen -q -t ed25519 -N '' -f stranger
	ssh-keygen -q -t rsa -b 2048 -N 'a pass phrase' -f locked
	ssh-keygen -q -t ed25519 -N 'a pass phrase' -f locked2
	cat me.pub locked.pub locked2.pub >authorized
	chmod 600 authorized
	port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
	run_sshd() { # HOSTKEY [OPTION...]
		local key=$1
		shift
		"$sshd" -D -e -f /dev/null -p $port -h "$dir/$key" -o ListenAddress=127.0.0.1 -o PidFile=none \
			-o AuthorizedKeysFile="$dir/authorized" -o StrictModes=no -o UsePAM=no -o PermitRootLogin=yes \
			-o AcceptEnv=GIT_PROTOCOL -o SetEnv="GIT_CONFIG_COUNT=1 GIT_CONFIG_KEY_0=safe.directory GIT_CONFIG_VALUE_0=*" \
			"$@" 2>sshd.log &
		daemon=$!
		for _ in $(seq 100); do
			(exec 3<>/dev/tcp/127.0.0.1/$port) 2>/dev/null && break
			sleep 0.1
		done
	}
	user=$(id -un)
	url=ssh://$user@127.0.0.1:$port
	known="[127.0.0.1]:$port $(cut -d' ' -f1,2 host.pub)"
	for env in GIT_PROTOCOL NOTHING; do # version 2, and version 0
		run_sshd host -o AcceptEnv=$env
		want "$(stored "main@sha1:$head" $head "$cut")" "$url$dir/root/r.git" branch=main secret.identity=@me secret.known_hosts="$known"
		want_revision "v1.0.0@sha1:$first" "$url$dir/root/r.git" semver=1.x secret.identity=@me secret.known_hosts="$known"
		want_revision "v0.8.0+new@sha1:$head" "$url$dir/root/r.git" semver='~0.8' secret.identity=@me secret.known_hosts="$known"
		want_revision "sha1:$first" "$url$dir/root/r.git" commit=$first secret.identity=@me secret.known_hosts="$known"
		want_revision "main@sha1:$head (unchanged)" "$url$dir/root/r.git" branch=main secret.identity=@me secret.known_hosts="$known" again
		want_failure "$GITOP: unable to clone '$url$dir/root/r.git': couldn't find remote ref \"refs/heads/nope\"" \
			"$url$dir/root/r.git" branch=nope secret.identity=@me secret.known_hosts="$known"
		want_failure "$GITOP: unable to clone: repository not found: git repository: '$url$dir/root/none.git'" \
			"$url$dir/root/none.git" branch=main secret.identity=@me secret.known_hosts="$known"
		kill $daemon
		wait $daemon 2>/dev/null || true
	done
	run_sshd host
	# keys with a passphrase
	for key in locked locked2; do
		want_revision "main@sha1:$head" "$url$dir/root/r.git" branch=main secret.identity=@$key secret.known_hosts="$known" 'secret.password=a pass phrase'
		want_failure "FetchFailed AuthenticationFailed: SSH identity key is encrypted but no 'password' field was provided in the secret 'ns/secret'" \
			"$url$dir/root/r.git" branch=main secret.identity=@$key secret.known_hosts="$known"
	done
	# nobody is let in, or believed, without the right keys
	want_failure "$GITOP: unable to clone '$url$dir/root/r.git': ssh: handshake failed: ssh: unable to authenticate, attempted methods [none publickey], no supported methods remain" \
		"$url$dir/root/r.git" branch=main secret.identity=@stranger secret.known_hosts="$known"
	want_failure "$GITOP: unable to clone '$url$dir/root/r.git': ssh: handshake failed: knownhosts: key is unknown" \
		"$url$dir/root/r.git" branch=main secret.identity=@me secret.known_hosts="other.example $(cut -d' ' -f1,2 host.pub)"
	want_failure "$GITOP: unable to clone '$url$dir/root/r.git': ssh: handshake failed: knownhosts: key mismatch" \
		"$url$dir/root/r.git" branch=main secret.identity=@me secret.known_hosts="[127.0.0.1]:$port $(cut -d' ' -f1,2 host2.pub)"
	want_failure "$GITOP: unable to clone 'ssh://git@127.0.0.1:1/r.git': dial tcp 127.0.0.1:1: connect: connection refused" \
		ssh://git@127.0.0.1:1/r.git branch=main secret.identity=@me secret.known_hosts="$known"
	# nothing in a URL is an option, or a command
	touch probe
	for odd in "ssh://-oProxyCommand=rm%20$dir/probe/x" "ssh://-oProxyCommand=x@127.0.0.1/x"; do
		got=$("$gitfetch" store "$odd" branch=main secret.identity=@me secret.known_hosts="$known") && fail "$odd"
		case $got in
		*'invalid host'* | *'invalid user'* | *'failed to parse url'*) ;;
		*) fail "$odd: $got" ;;
		esac
	done
	got=$("$gitfetch" store "$url/x';rm $dir/probe;'" branch=main secret.identity=@me secret.known_hosts="$known") && fail 'a quote'
	[ -e probe ] || fail 'a command was run'
	kill $daemon
	wait $daemon 2>/dev/null || true
	# what may be agreed on
	run_sshd host -o KexAlgorithms=ecdh-sha2-nistp256,ecdh-sha2-nistp384
	want_revision "main@sha1:$head" "$url$dir/root/r.git" branch=main secret.identity=@me secret.known_hosts="$known" \
		host-key=ssh-ed25519 kex=curve25519-sha256,ecdh-sha2-nistp384
	want_failure "$GITOP: unable to clone '$url$dir/root/r.git': ssh: handshake failed: ssh: no common algorithm for host key; we offered: [rsa-sha2-256 rsa-sha2-512], peer offered: [ssh-ed25519]" \
		"$url$dir/root/r.git" branch=main secret.identity=@me secret.known_hosts="$known" host-key=rsa-sha2-256,rsa-sha2-512
	got=$("$gitfetch" store "$url$dir/root/r.git" branch=main secret.identity=@me secret.known_hosts="$known" \
		kex=curve25519-sha256) && fail 'another key exchange'
	case $got in
	*'ssh: handshake failed: ssh: no common algorithm for key exchange; we offered: [curve25519-sha256], peer offered: [ecdh-sha2-nistp256 ecdh-sha2-nistp384'*) ;;
	*) fail "another key exchange: $got" ;;
	esac
	kill $daemon
	wait $daemon 2>/dev/null || true
	# a host that signs with SHA-1 only
	ssh-keygen -q -t rsa -b 2048 -N '' -f strong
	run_sshd strong -o HostKeyAlgorithms=ssh-rsa
	want_failure "$GITOP: unable to clone '$url$dir/root/r.git': ssh: handshake failed: knownhosts: key is unknown" \
		"$url$dir/root/r.git" branch=main secret.identity=@me secret.known_hosts="[127.0.0.1]:$port $(cut -d' ' -f1,2 strong.pub)"
	kill $daemon
	wait $daemon 2>/dev/null || true
	# weak host keys
	ssh-keygen -q -t rsa -b 1024 -N '' -f weak 2>/dev/null || return 0
	run_sshd weak -o RequiredRSASize=1024
	got=$("$gitfetch" store "$url$dir/root/r.git" branch=main secret.identity=@me \
		secret.known_hosts="[127.0.0.1]:$port $(cut -d' ' -f1,2 weak.pub)") && fail 'a weak host key'
	kill $daemon
	wait $daemon 2>/dev/null || true
	# nothing of it is left
	[ -z "$(ls -d ${TMPDIR:-/tmp}/git-ssh-* 2>/dev/null)" ] || fail 'keys are left in the temporary directory'
}

case $part in
http) http ;;
ssh) ssh_tests ;;
esac
echo ok

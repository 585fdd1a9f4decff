#!/bin/sh
read -r first <"$0"; case $first in *"$(printf '\r')") printf 'fix  folder         the files have Windows line endings (CRLF), so no script runs\n     %-14s -> git config --global core.autocrlf false, then clone the workshop again\n' ''; exit 1 ;; esac # So that any shell gets here.
# Finds what keeps the workshop from being compiled, without Go and without a network. Then it runs the doctor itself.
cd "$(dirname "$0")/../../.." || exit 2
bad=0
fix() {
	printf 'fix  %-14s %s\n     %-14s -> %s\n' "$1" "$2" '' "$3"
	bad=1
}
prepare='make prepare'
command -v make >/dev/null || prepare='(cd infra && GOWORK=off go run ./room/prepare/now)'
ready=bin/$(uname -s | sed 's/^MINGW.*/windows/' | tr A-Z a-z)-$(uname -m | sed 's/x86_64/amd64/; s/aarch64/arm64/')/workshop # Of a bundle.
[ -x "$ready" ] || ready=
compiled=$ready
[ ! -x bin/workshop ] && [ ! -x bin/workshop.exe ] || compiled=yes
need=$(sed -n 's/^go \([0-9.]*\).*/\1/p' go.work)
have=$(cd / && GOWORK=off GOTOOLCHAIN=local go env GOVERSION 2>/dev/null)
if [ -z "$have" ]; then
	[ "$ready" ] || fix go 'Go is not installed, or not in the PATH' "install Go $need or later from https://go.dev/dl/ and open a new terminal"
elif ! echo "$have $need" | awk '{ sub(/^go/, "", $1); split($1, h, /[^0-9]+/); split($2, n, "."); exit !(h[1] > n[1] || h[1] == n[1] && h[2] >= n[2]) }'; then
	[ "$ready" ] || fix go "$have, but the workshop needs $need" "install Go $need or later from https://go.dev/dl/ and open a new terminal"
	have=
else
	case $(go env GOFLAGS) in
	*-mod=*) fix GOFLAGS "it is $(go env GOFLAGS), with which the workshop does not compile" 'go env -u GOFLAGS, or unset GOFLAGS where you set it' ;;
	esac
	[ "$(go env GOWORK)" != off ] || fix GOWORK 'it is off, so the go command does not find the workshop' 'go env -u GOWORK, or unset GOWORK where you set it'
	[ "$(go env GO111MODULE)" != off ] || fix GO111MODULE 'it is off, so the go command does not find any module' 'go env -u GO111MODULE, or unset GO111MODULE where you set it'
	[ -d vendor ] || [ "$compiled" ] || [ "$(go env GOPROXY)" != off ] ||
		fix GOPROXY 'it is off, so no module can be downloaded' 'go env -u GOPROXY, or unset GOPROXY where you set it'
	[ -d vendor ] || go env GOPROXY | awk -F '[,|]' '{ for (i = 1; i <= NF; i++) if ($i !~ /^ *(off|direct|[a-z]+:\/\/.+)? *$/) exit 1 }' ||
		fix GOPROXY 'it contains something other than URLs, direct or off' 'go env -u GOPROXY, or correct GOPROXY where you set it'
	for cache in GOCACHE GOMODCACHE; do
		dir=$(go env $cache)
		[ $cache = GOCACHE ] || [ ! "$compiled" ] || continue # What is downloaded may be read-only.
		[ "$dir" ] && [ "$dir" != off ] && mkdir -p "$dir" 2>/dev/null && [ -w "$dir" ] ||
			fix $cache "the go command cannot write to $cache (${dir:-not set})" "export $cache=FOLDER, with a folder that you can write to"
	done
fi
free=$(df -Pk . | awk 'NR == 2 { print int($4 / 1024) }')
room=2048 # Of megabytes: for the downloads, the first build and its cache.
[ ! "$compiled" ] || room=512
[ "${free:-9999}" -ge $room ] || fix disk "$free MB free, but the workshop needs $room MB" 'delete files that you do not need'
[ "$bad" = 0 ] || exit 1
if [ ! "$compiled" ]; then
	command -v make >/dev/null || fix make 'not installed, or not in the PATH' 'install make, or do as README.md says under "Windows, or no make"'
	command -v curl >/dev/null || fix curl 'not installed, or not in the PATH' 'install curl; the lessons use it to send requests'
	fix modules 'the workshop has not been downloaded and compiled yet' "$prepare (takes a few minutes, once; if it fails, it says why)"
	exit 1
fi
if [ ! "$have" ] || { [ "$ready" ] && ! command -v make >/dev/null; }; then # A bundle runs without both.
	exec "$ready" doctor "$@"
fi
if command -v make >/dev/null; then
	said=$(make workshop 2>&1)
else
	said=$(cd infra && GOWORK=off go build -buildvcs=false -ldflags='-s -w' -o ../bin/workshop . 2>&1)
fi && exec bin/workshop doctor "$@"
fix compile "the workshop does not compile: $(echo "$said" | grep -v -e '^error: ' -e '^make' -e '^go: downloading' | tail -n 1)" "$prepare, with a network; if that fails, ask your instructor"
exit 1

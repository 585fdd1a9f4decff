#!/bin/sh
# Finds what keeps the workshop from being compiled, without Go and without a network. Then it runs the doctor itself.
cd "$(dirname "$0")/../../.." || exit 2
bad=0
fix() {
	printf 'fix  %-14s %s\n     %-14s -> %s\n' "$1" "$2" '' "$3"
	bad=1
}
need=$(sed -n 's/^go \([0-9.]*\).*/\1/p' go.work)
have=$(cd / && GOWORK=off GOTOOLCHAIN=local go env GOVERSION 2>/dev/null)
if [ -z "$have" ]; then
	fix go 'Go is not installed, or not in the PATH' "install Go $need or later from https://go.dev/dl/ and open a new terminal"
elif ! echo "$have $need" | awk '{ sub(/^go/, "", $1); split($1, h, /[^0-9]+/); split($2, n, "."); exit !(h[1] > n[1] || h[1] == n[1] && h[2] >= n[2]) }'; then
	fix go "$have, but the workshop needs $need" "install Go $need or later from https://go.dev/dl/ and open a new terminal"
else
	case $(go env GOFLAGS) in
	*-mod=*) fix GOFLAGS "it is $(go env GOFLAGS), with which the workshop does not compile" 'go env -u GOFLAGS, or unset GOFLAGS where you set it' ;;
	esac
	[ "$(go env GOWORK)" != off ] || fix GOWORK 'it is off, so the go command does not find the workshop' 'go env -u GOWORK, or unset GOWORK where you set it'
	[ "$(go env GO111MODULE)" != off ] || fix GO111MODULE 'it is off, so the go command does not find any module' 'go env -u GO111MODULE, or unset GO111MODULE where you set it'
	[ -d vendor ] || [ -x bin/workshop ] || [ "$(go env GOPROXY)" != off ] ||
		fix GOPROXY 'it is off, so no module can be downloaded' 'go env -u GOPROXY, or unset GOPROXY where you set it'
fi
free=$(df -Pk . | awk 'NR == 2 { print int($4 / 1024) }')
room=2048 # Of megabytes: for the downloads, the first build and its cache.
[ ! -x bin/workshop ] && [ ! -x bin/workshop.exe ] || room=512
[ "${free:-9999}" -ge $room ] || fix disk "$free MB free, but the workshop needs $room MB" 'delete files that you do not need'
[ "$bad" = 0 ] || exit 1
if [ ! -x bin/workshop ] && [ ! -x bin/workshop.exe ]; then
	fix modules 'the workshop has not been downloaded and compiled yet' 'make prepare (takes a few minutes, once)'
	exit 1
fi
said=$(make workshop 2>&1) && exec bin/workshop doctor "$@"
fix compile "the workshop does not compile: $(echo "$said" | grep -v -e '^error: ' -e '^make' -e '^go: downloading' | tail -n 1)" 'make prepare, with a network; if that fails, ask your instructor'
exit 1

# Finds what keeps the workshop from being compiled, without Go and without a network. Then it runs the doctor itself.
#   powershell -ExecutionPolicy Bypass -File infra\room\doctor\doctor.ps1
Set-Location (Join-Path $PSScriptRoot '..\..\..')
$bad = $false
function Fix($name, $detail, $remedy) {
    Write-Output ("fix  {0,-14} {1}`n     {2,-14} -> {3}" -f $name, $detail, '', $remedy)
    $script:bad = $true
}
$need = (Select-String -Path go.work -Pattern '^go ([0-9.]+)').Matches[0].Groups[1].Value
$install = "install Go $need or later from https://go.dev/dl/ and open a new terminal"
$ready = ".\bin\windows-$($env:PROCESSOR_ARCHITECTURE.ToLower())\workshop.exe" # Of a bundle, which runs without Go.
if (-not (Get-Command go -ErrorAction SilentlyContinue)) {
    if (Test-Path $ready) {
        & $ready doctor @args
        exit $LASTEXITCODE
    }
    Fix 'go' 'Go is not installed, or not in the PATH' $install
} else {
    $have = (go version) -replace '^go version go([0-9]+\.[0-9]+).*', '$1'
    if ([version]$have -lt [version]($need -replace '^([0-9]+\.[0-9]+).*', '$1')) { Fix 'go' "Go $have, but the workshop needs $need" $install }
    elseif ((go env GOFLAGS) -match '-mod=') { Fix 'GOFLAGS' "it is $(go env GOFLAGS), with which the workshop does not compile" 'go env -u GOFLAGS, or Remove-Item Env:GOFLAGS' }
    elseif ((go env GOWORK) -eq 'off') { Fix 'GOWORK' 'it is off, so the go command does not find the workshop' 'go env -u GOWORK, or Remove-Item Env:GOWORK' }
    elseif ((go env GO111MODULE) -eq 'off') { Fix 'GO111MODULE' 'it is off, so the go command does not find any module' 'go env -u GO111MODULE, or Remove-Item Env:GO111MODULE' }
    elseif (-not (Test-Path vendor) -and (go env GOPROXY) -eq 'off') { Fix 'GOPROXY' 'it is off, so no module can be downloaded' 'go env -u GOPROXY, or Remove-Item Env:GOPROXY' }
    elseif (-not (Test-Path vendor) -and ((go env GOPROXY) -split '[,|]' -notmatch '^ *(off|direct|[a-z]+://.+)? *$')) { Fix 'GOPROXY' 'it contains something other than URLs, direct or off' 'go env -u GOPROXY, or Remove-Item Env:GOPROXY' }
}
$free = (Get-PSDrive -Name (Get-Location).Drive.Name).Free / 1GB
$room = if (Test-Path bin/workshop.exe) { 0.5 } else { 2 } # For the downloads, the first build and its cache.
if ($free -lt $room) { Fix 'disk' ("{0:n1} GB free, but the workshop needs {1} GB" -f $free, $room) 'delete files that you do not need' }
if ($bad) { exit 1 }
if (-not (Test-Path bin\workshop.exe)) {
    Fix 'modules' 'the workshop has not been downloaded and compiled yet' 'go run ./infra prepare (takes a few minutes, once; if it fails, it says why)'
    exit 1
}
go build -o bin\workshop.exe .\infra
if ($LASTEXITCODE -eq 0) { .\bin\workshop.exe doctor @args }
exit $LASTEXITCODE

# Installs Clawhammer for you alone, without administrator rights:
#
#   irm @RELEASES@/latest/download/install.ps1 | iex
#   .\install.ps1 [-To DIR] [-Version 1.2.3] [-From URL]
#
# Downloads the executable for this machine, compares its checksum with the one of the release, and puts it
# into %LOCALAPPDATA%\Programs\Clawhammer. Nothing is installed when they differ.
param(
  [string]$To = (Join-Path $env:LOCALAPPDATA 'Programs\Clawhammer'),
  [string]$Version = '',
  [string]$From = ''
)

function Install-Clawhammer {
  param([string]$To, [string]$Version, [string]$From)
  $ErrorActionPreference = 'Stop'
  # The bar of Windows PowerShell 5 slows a download down many times.
  $ProgressPreference = 'SilentlyContinue'
  [Net.ServicePointManager]::SecurityProtocol = [Net.ServicePointManager]::SecurityProtocol -bor [Net.SecurityProtocolType]::Tls12

  if ($From -eq '') {
    if ($Version -eq '') { $From = '@RELEASES@/latest/download' }
    else { $From = '@RELEASES@/download/v' + $Version.TrimStart('v') }
  }
  if ($From -notmatch '^(https://|http://(127\.0\.0\.1|localhost):)') { throw "$From is no https address" }

  # A process of 32 bits sees the processor of the machine in the second variable alone.
  $processor = $env:PROCESSOR_ARCHITEW6432
  if (-not $processor) { $processor = $env:PROCESSOR_ARCHITECTURE }
  switch ($processor) {
    'AMD64' { $name = 'clawhammer-windows-x64.exe' }
    'ARM64' { $name = 'clawhammer-windows-arm64.exe' }
    default { throw "There is no executable for $processor" }
  }

  New-Item -ItemType Directory -Force -Path $To | Out-Null
  $temporary = Join-Path $To ('.download-' + [Guid]::NewGuid().ToString('N'))
  New-Item -ItemType Directory -Path $temporary | Out-Null
  try {
    Write-Host "Downloading $name from $From"
    $sums = Join-Path $temporary 'SHA256SUMS'
    $file = Join-Path $temporary 'clawhammer.exe'
    Invoke-WebRequest -UseBasicParsing -Uri "$From/SHA256SUMS" -OutFile $sums
    $pattern = '^([0-9a-f]{64})  ' + [Regex]::Escape($name) + '$'
    $line = Get-Content -LiteralPath $sums | Where-Object { $_ -match $pattern } | Select-Object -First 1
    if (-not $line) { throw "SHA256SUMS does not name $name" }
    $wanted = $line.Substring(0, 64)
    Invoke-WebRequest -UseBasicParsing -Uri "$From/$name" -OutFile $file
    $found = (Get-FileHash -Algorithm SHA256 -LiteralPath $file).Hash.ToLowerInvariant()
    if ($found -ne $wanted) {
      throw "The checksum of $name is $found, not $wanted; nothing was installed. Try again, or report it"
    }
    $about = & $file --version
    if ($LASTEXITCODE -ne 0) { throw 'The executable does not run here; nothing was installed' }
    $place = Join-Path $To 'clawhammer.exe'
    # A program that runs cannot be replaced, but it can be renamed.
    if (Test-Path -LiteralPath $place) {
      $old = "$place.old"
      Remove-Item -LiteralPath $old -Force -ErrorAction SilentlyContinue
      if (Test-Path -LiteralPath $old) { $old = "$place." + [Guid]::NewGuid().ToString('N') + '.old' }
      Move-Item -LiteralPath $place -Destination $old
    }
    Move-Item -LiteralPath $file -Destination $place
    Write-Host "Installed $about as $place"
    Write-Host "Next: & '$place' install"
  }
  finally {
    Remove-Item -LiteralPath $temporary -Recurse -Force -ErrorAction SilentlyContinue
  }
}

# All of it stands in a function: of a download that breaks off, nothing is run.
Install-Clawhammer -To $To -Version $Version -From $From

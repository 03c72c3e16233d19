#!/usr/bin/env bash
# Fetches the corpus that runs with `--work real` look into: FOLDOC, the Free On-line Dictionary of
# Computing (GFDL 1.3), as Debian packages it. Leaves corpus/foldoc/foldoc.{index,dict} and its
# copyright. With apt the package comes from the system's mirror, else from the one in DEBIAN_MIRROR;
# either way its SHA-256 must be the one below.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

package=dict-foldoc_20230119-1_all.deb
sum=745cbedb55c2da609cc88ee0284e9d11a67a11ae3709daf7bad0e895ac3294c3
folder=corpus/foldoc

if [ -s "$folder/foldoc.dict" ] && [ -s "$folder/foldoc.index" ]; then
    echo "$folder is there already"
    exit 0
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

fetch() {
    if command -v apt-get >/dev/null; then
        # Without the list of packages there is nothing to download from.
        (cd "$work" && apt-get download -qq dict-foldoc=20230119-1 2>"$work/why") && return
        local as_root
        as_root=$([ "$(id -u)" -eq 0 ] || echo sudo)
        $as_root apt-get update -qq && (cd "$work" && apt-get download -qq dict-foldoc=20230119-1) && return
    fi
    local mirror=${DEBIAN_MIRROR:-}
    [ -n "$mirror" ] && curl --fail --silent --show-error --location --output "$work/$package" \
        "$mirror/pool/main/d/dict-foldoc/$package"
}
fetch || {
    echo "error: dict-foldoc could not be downloaded; is there a network? Without apt, name a mirror of Debian" \
        "in DEBIAN_MIRROR, as the address of its folder that has \`pool\` in it" >&2
    exit 1
}
echo "$sum  $work/$package" | sha256sum --check --quiet || {
    echo "$package is not the file that is meant" >&2
    exit 1
}

# A Debian package is an `ar` archive with a tar archive in it.
if command -v dpkg-deb >/dev/null; then
    dpkg-deb --extract "$work/$package" "$work/files"
else
    mkdir "$work/files"
    (cd "$work" && ar x "$package" && tar -xf data.tar.* -C files)
fi
mkdir -p "$folder.part"
# `dictzip` is gzip with a table in its header.
gzip -dc <"$work/files/usr/share/dictd/foldoc.dict.dz" >"$folder.part/foldoc.dict"
cp "$work/files/usr/share/dictd/foldoc.index" "$work/files/usr/share/doc/dict-foldoc/copyright" "$folder.part/"
rm -rf "$folder"
mv "$folder.part" "$folder" # whole or not there
echo "$folder: $(wc -l <"$folder/foldoc.index") headwords"

//! What the README says to whoever embeds a policy, as a crate outside of this workspace.
//!
//! Inside it, features, versions and lints come from the root manifest; that a crate of somebody else's can name
//! ours, and that the program in the README is whole, shows only there. Made of the blocks behind
//! `<!-- embed-manifest -->`, `<!-- policy -->` and `<!-- embed -->`, with the path of this clone.

use super::readme::block;
use anyhow::{Context as _, Result, bail};
use std::fs;
use std::path::Path;
use std::process::Command;

/// The folder that the README calls the clone.
const CLONE: &str = "../sage/";

/// Builds and runs it, in a folder below `target` that is kept for the next time.
///
/// # Errors
/// When a block is missing, or the program does not build, run, or say what it decided.
pub(super) fn check(root: &Path, readme: &str) -> Result<()> {
    let folder = root.join("target/outside");
    fs::create_dir_all(folder.join("src"))?;
    let manifest = block(readme, "embed-manifest")?;
    if !manifest.contains(CLONE) {
        bail!("README.md: the manifest behind `embed-manifest` names no path below `{CLONE}`");
    }
    let manifest = manifest.replace(CLONE, &format!("{}/", root.display()));
    let head =
        "[package]\nname = \"outside\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\n[workspace]\n\n";
    fs::write(folder.join("Cargo.toml"), format!("{head}{manifest}"))?;
    fs::write(folder.join("src/policy.rs"), block(readme, "policy")?)?;
    fs::write(folder.join("src/main.rs"), block(readme, "embed")?)?;
    let output = Command::new("cargo")
        .args(["run", "--quiet", "--offline"])
        .env("CARGO_TARGET_DIR", folder.join("target"))
        .env("RUSTFLAGS", "-D warnings")
        .current_dir(&folder)
        .output()
        .context("starting cargo")?;
    let (said, told) =
        (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    if !output.status.success() {
        bail!("the README's program does not run outside of the workspace:\n{told}");
    }
    if !said.contains("Assign") {
        bail!("the README's program places nothing; it says: {said}");
    }
    Ok(())
}

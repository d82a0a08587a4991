//! Whether a folder can be made where it is configured, and a file in it be written: nothing is made to find out.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use rustix::fs::{Access, AtFlags, CWD, accessat};
use watchfire_core::yaml::{Mistake, expected, wrong};

/// Whose word on permissions counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum By {
    /// Whoever asks is not who will write: only what is in the way counts.
    Another,
    /// The same user on the same machine.
    Ourselves,
}

/// What stands against writing a file there, its folder made as needed.
pub(super) fn against_file(file: &Path, by: By) -> Option<Mistake> {
    let shown = file.display();
    match fs::metadata(file) {
        Ok(found) if found.is_dir() => Some(expected("a file").found(format!("the folder {shown}"))),
        Ok(_) => refused(file, Access::READ_OK | Access::WRITE_OK, by),
        Err(_) if leads_nowhere(file) => Some(wrong(format!("the link {shown} leads nowhere"))),
        Err(_) => against_folder(file.parent().unwrap_or(Path::new("")), by),
    }
}

/// What stands against a folder there in which files are made, itself made as needed.
pub(super) fn against_folder(folder: &Path, by: By) -> Option<Mistake> {
    let above =
        |path: &'_ Path| if path.as_os_str().is_empty() { PathBuf::from(".") } else { path.to_owned() };
    let nearest = folder.ancestors().map(above).find(|path| path.symlink_metadata().is_ok())?;
    let shown = nearest.display();
    match fs::metadata(&nearest) {
        Ok(found) if found.is_dir() => refused(&nearest, Access::WRITE_OK | Access::EXEC_OK, by),
        Ok(_) => Some(expected("a folder").found(format!("the file {shown}"))),
        Err(_) => Some(wrong(format!("the link {shown} leads nowhere"))),
    }
}

fn leads_nowhere(path: &Path) -> bool {
    path.symlink_metadata().is_ok_and(|found| found.is_symlink()) && !path.exists()
}

fn refused(path: &Path, access: Access, by: By) -> Option<Mistake> {
    let asked = match by {
        By::Another => Ok(()),
        By::Ourselves => accessat(CWD, path, access, AtFlags::EACCESS),
    };
    let error = io::Error::from(asked.err()?);
    Some(wrong(format!("cannot write to {}: {error}", path.display())))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn what_stands_against_a_write_is_what_a_write_meets() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        fs::create_dir(at("closed")).unwrap();
        fs::write(at("sealed"), "").unwrap();
        for (name, mode) in [("closed", 0o500), ("sealed", 0o400)] {
            fs::set_permissions(at(name), fs::Permissions::from_mode(mode)).unwrap();
        }
        for name in ["closed/made/store", "sealed", "sealed/store", "open/store"] {
            let (file, above) = (at(name), at(name).parent().unwrap().to_owned());
            let told = against_file(&file, By::Ourselves);
            assert!(!at("open").exists());
            let written = fs::create_dir_all(above)
                .and_then(|()| fs::OpenOptions::new().create(true).append(true).open(file));
            assert_eq!(told.is_some(), written.is_err(), "{name}: {told:?}");
        }
    }
}

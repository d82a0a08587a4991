//! Alertmanager, set up to send every alert as a webhook of its own, at once.

use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use tempfile::TempDir;
use watchfire_tests::{binary, free_port};

use crate::alerts;
use crate::drive::Connection;
use crate::measure::Pager;

/// That program.
pub(crate) struct Alertmanagers {
    /// Its binary.
    pub(crate) binary: PathBuf,
}

/// One process of it, with its directory.
pub(crate) struct Alertmanager {
    child: Child,
    _directory: TempDir,
}

impl Pager for Alertmanagers {
    type Running = Alertmanager;
    const PATH: &'static str = "/api/v2/alerts";

    async fn start(&self, receiver: u16) -> anyhow::Result<(Alertmanager, u32, u16)> {
        let beside = binary("watchfire");
        let directory = tempfile::tempdir_in(beside.parent().context("a file is in a folder")?)?;
        let file = directory.path().join("alertmanager.yml");
        std::fs::write(
            &file,
            format!(
                "route: {{receiver: hook, group_by: ['...'], group_wait: 0s, group_interval: 1s, repeat_interval: 1h}}\n\
                 receivers:\n- name: hook\n  webhook_configs:\n  - url: 'http://127.0.0.1:{receiver}/'\n    send_resolved: false\n"
            ),
        )?;
        let port = free_port();
        let child = Command::new(&self.binary)
            .arg(format!("--config.file={}", file.display()))
            .arg(format!("--storage.path={}", directory.path().display()))
            .arg(format!("--web.listen-address=127.0.0.1:{port}"))
            .args(["--cluster.listen-address=", "--log.level=error"])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .with_context(|| format!("cannot run {}", self.binary.display()))?;
        let (pid, running) = (child.id(), Alertmanager { child, _directory: directory });
        let start = Instant::now();
        loop {
            if let Ok(mut connection) = Connection::to(port).await
                && connection.get("/-/ready").await.is_ok()
            {
                return Ok((running, pid, port));
            }
            if start.elapsed() > Duration::from_secs(20) {
                bail!("Alertmanager is not ready after 20 s");
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    fn alert(&self, index: usize) -> String {
        alerts::alertmanager_alert(index)
    }
}

impl Drop for Alertmanager {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

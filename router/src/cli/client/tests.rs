use super::*;

const FILE: &str = "\
current: prod
contexts:
  prod: {server: \"https://watchfire.example.com\", token: {command: [echo, of-prod]}, author: ana}
  demo:
    server: http://127.0.0.1:8080
    token: {file: token}
";

fn told(result: Result<Option<Chosen>, Failed>) -> Result<Option<Chosen>, Vec<String>> {
    result.map_err(|failed| match failed {
        Failed::Usage(mistakes) => mistakes,
        _ => panic!("it is a matter of usage"),
    })
}

fn chosen(text: &str, name: Option<&str>) -> Result<Option<Chosen>, Vec<String>> {
    told(of(Path::new("/home/ana/client.yaml"), text, name))
}

#[test]
fn a_context_is_the_one_that_is_named_or_the_current_one() {
    let prod = Context {
        server: "https://watchfire.example.com".to_owned(),
        token: Some(TokenSource::Command(vec!["echo".to_owned(), "of-prod".to_owned()])),
        author: Some("ana".to_owned()),
    };
    let prod = Chosen { name: "prod".to_owned(), file: "/home/ana/client.yaml".into(), context: prod };
    assert_eq!(chosen(FILE, None), Ok(Some(prod)));
    let demo = chosen(FILE, Some("demo")).unwrap().unwrap().context;
    assert_eq!((demo.token, demo.author), (Some(TokenSource::File("token".into())), None));
    assert_eq!(chosen("", None), Ok(None));
    assert_eq!(chosen("contexts: {}", None), Ok(None));
    let expected = "/home/ana/client.yaml: expected a context (demo, prod), found `stage`";
    assert_eq!(chosen(FILE, Some("stage")), Err(vec![expected.to_owned()]));
}

#[test]
fn a_mistake_in_the_client_file_is_told_with_its_line_and_without_the_token() {
    let told = |text: &str| chosen(text, None).unwrap_err().join("\n");
    let pasted = told("contexts:\n  prod:\n    server: x\n    token: t0ps3cret\n");
    assert_eq!(
        pasted,
        "/home/ana/client.yaml:4:12: contexts.prod.token: expected where the token comes from, {env: NAME}, {file: PATH}, \
         {command: [PROGRAM, …]} or {iam: {id: ID}}: the token itself does not belong in this file"
    );
    for text in
        ["contexts:\n  prod: {token: t0ps3cret\n", "contexts: {prod: {server: x, token: [t0ps3cret]}}"]
    {
        assert!(!told(text).contains("t0ps3cret"), "{}", told(text));
    }
    let unknown = told("contexts:\n  prod:\n    server: x\n    tokn: {env: X}\n");
    assert!(unknown.starts_with("/home/ana/client.yaml:4:5: contexts.prod.tokn: "), "{unknown}");
}

#[test]
fn a_token_is_the_first_line_of_its_source() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("token"), "of-the-file\nmore\n").unwrap();
    let beside = folder.path().join("client.yaml");
    let token = |source: TokenSource| source.token(&beside).map(|token| token.expose().as_str().to_owned());
    let command =
        |words: &[&str]| TokenSource::Command(words.iter().map(|word| (*word).to_owned()).collect());
    assert_eq!(token(TokenSource::File("token".into())).unwrap(), "of-the-file");
    assert_eq!(token(command(&["printf", "of-the-command\\n"])).unwrap(), "of-the-command");
    let failed = token(command(&["false"])).unwrap_err().to_string();
    assert_eq!(failed, "false, run for the token, failed: exit status: 1");
    assert_eq!(token(command(&["true"])).unwrap_err().to_string(), "command true has no token");
}

//! What somebody asks for: a task, a file, `key=value`, a seed, weights to start from.

use std::path::PathBuf;

use super::problem::Problem;
use super::tree::{Node, Value};

/// What somebody asks for. Later layers win: the file, the task, `key=value` in order, the seed.
#[derive(Clone, Debug, Default)]
pub struct Request {
    /// Name of a task, or path of a `.npz` file with trials.
    pub task: Option<String>,
    /// A TOML file.
    pub config: Option<PathBuf>,
    /// `key.path=value`.
    pub overrides: Vec<String>,
    /// Seed, in place of that of the configuration.
    pub seed: Option<u64>,
    /// A run or a model file to start from.
    pub from: Option<PathBuf>,
}

impl Request {
    /// The layers as one tree.
    pub(crate) fn tree(&self) -> Result<Node, Vec<Problem>> {
        let mut problems = Vec::new();
        let mut tree = Node::empty();
        if let Some(file) = &self.config {
            match std::fs::read_to_string(file) {
                Ok(text) => match Node::from_file(&text, file) {
                    Ok(node) => tree = node,
                    Err(wrong) => problems.extend(wrong),
                },
                Err(error) => {
                    let message = format!("{}: cannot be read: {error}", file.display());
                    problems.push(Problem::new("", message));
                }
            }
        }
        let mut arguments = Vec::new();
        if let Some(task) = &self.task {
            let trials = task.ends_with(".npz");
            let key = if trials { "task.trials" } else { "task.name" };
            arguments.push(format!("{key}={}", toml::Value::String(task.clone())));
        }
        arguments.extend(self.overrides.iter().cloned());
        arguments.extend(self.seed.map(|seed| format!("seed={seed}")));
        let from = self.from.as_ref().map(|path| path.to_string_lossy().into_owned());
        arguments.extend(from.map(|path| format!("from={}", toml::Value::String(path))));
        for argument in &arguments {
            match Node::from_argument(argument) {
                Ok(node) => tree = of_one_task(tree, &node).under(node),
                Err(problem) => problems.push(problem),
            }
        }
        if problems.is_empty() { Ok(tree) } else { Err(problems) }
    }
}

/// Another task has other options: those of the old one go.
fn of_one_task(mut tree: Node, over: &Node) -> Node {
    let name = |node: &Node| {
        let text = |key| node.get(&["task", key]).and_then(Node::text).map(str::to_owned);
        text("name").or(text("trials"))
    };
    let changes = name(over).is_some_and(|new| name(&tree).is_some_and(|old| old != new));
    if changes && let Some(task) = tree.get(&["task"]) {
        let place = task.place.clone();
        tree.put(&["task"], Some(Node { value: Value::Table(Vec::new()), place }));
    }
    tree
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn later_layers_win_and_a_new_task_forgets_old_options() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("c.toml");
        std::fs::write(
            &file,
            "seed = 3\n[task]\nname = 'flip-flop'\nbits = 2\n[learner]\nrate = 1e-2\n",
        )
        .unwrap();
        let mut request = Request {
            config: Some(file),
            overrides: vec!["learner.rate=2".into(), "learner.rate=4".into()],
            ..Request::default()
        };
        let read = |request: &Request| request.tree().unwrap().to_table();
        let tree = read(&request);
        assert_eq!(tree["task"]["bits"].as_integer(), Some(2));
        assert_eq!(tree["learner"]["rate"].as_integer(), Some(4));
        (request.task, request.seed) = (Some("context-decision".into()), Some(9));
        let tree = read(&request);
        assert_eq!(tree["task"].to_string(), "{ name = \"context-decision\" }");
        assert_eq!(tree["seed"].as_integer(), Some(9));
        request.task = Some("a b.npz".into());
        assert_eq!(read(&request)["task"].to_string(), "{ trials = \"a b.npz\" }");
        request.config = Some("nowhere.toml".into());
        request.overrides.push("oops".into());
        assert_eq!(request.tree().unwrap_err().len(), 2);
    }
}

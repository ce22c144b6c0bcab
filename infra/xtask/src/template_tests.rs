//! The rules by which the template is read for the local stack.

use super::*;

const SAMPLE: &str = r#"
Parameters:
  Stage: {Type: String, Default: dev}
  MailFrom: {Type: String}
Conditions:
  IsProduction: !Equals [!Ref Stage, prod]
  IsLocal: !Not [!Condition IsProduction]
Globals:
  Function: {Timeout: 10}
Resources:
  Events:
    Type: AWS::SQS::Queue
    Properties:
      VisibilityTimeout: 60
      RedrivePolicy: {deadLetterTargetArn: !GetAtt EventsDead.Arn, maxReceiveCount: 5}
  EventsDead: {Type: AWS::SQS::Queue, Properties: {QueueName: !Sub "roost-${Stage}-dead"}}
  Ordered: {Type: AWS::SQS::Queue, Properties: {FifoQueue: true}}
  Never: {Type: AWS::SQS::Queue, Condition: IsProduction}
  Cache: {Type: AWS::ElastiCache::CacheCluster}
"#;

fn sample() -> Template {
    Template::parse(SAMPLE, &[("Stage", "local")], "http://127.0.0.1:1").expect("the sample parses")
}

fn resolved(yaml: &str) -> Result<Value> {
    let value = plain(&serde_norway::from_str(yaml).expect("YAML"))?;
    sample().resolve(&value)
}

#[test]
fn a_queue_refers_to_its_address_and_names_its_arn() {
    assert_eq!(
        resolved("!Ref EventsDead").expect("resolves"),
        json!("http://127.0.0.1:1/000000000000/roost-local-dead")
    );
    assert_eq!(
        resolved("!GetAtt EventsDead.Arn").expect("resolves"),
        json!("arn:aws:sqs:us-east-1:000000000000:roost-local-dead")
    );
    assert_eq!(
        resolved("!Ref Ordered").expect("resolves"),
        json!("http://127.0.0.1:1/000000000000/roost-local-Ordered.fifo")
    );
}

#[test]
fn substitution_knows_parameters_attributes_and_its_own_variables() {
    let text = r#"!Sub ["${Stage}/${X}/${EventsDead.QueueName}/${!kept}", {X: !Join ["-", [a, !Ref "AWS::Region"]]}]"#;
    assert_eq!(resolved(text).expect("resolves"), json!("local/a-us-east-1/roost-local-dead/${kept}"));
}

#[test]
fn conditions_choose_values_and_leave_resources_out() {
    assert_eq!(resolved("!If [IsProduction, a, !Ref AWS::NoValue]").expect("resolves"), Value::Null);
    assert_eq!(resolved("{a: !If [IsLocal, 1, 2], b: !Ref AWS::NoValue}").expect("resolves"), json!({"a": 1}));
    let queues = sample();
    let ids: Vec<String> =
        queues.resources(&["AWS::SQS::Queue"]).expect("lists").iter().map(|queue| queue.id.to_owned()).collect();
    assert_eq!(ids, ["Events", "EventsDead", "Ordered"]);
}

#[test]
fn what_the_local_stack_does_not_have_is_an_error_that_names_it() {
    let error = format!("{:#}", resolved("!GetAtt Cache.RedisEndpoint.Address").expect_err("unknown"));
    assert!(error.contains("Cache.RedisEndpoint.Address"), "{error}");
    let error = format!("{:#}", resolved("!Ref MailFrom").expect_err("no default"));
    assert!(error.contains("MailFrom"), "{error}");
}

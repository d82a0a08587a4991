//! stub
#![allow(missing_docs)]
use watchfire_core::act::{Step,StepRecord};
pub struct Containment; pub enum How{ForReal,Rehearse} pub struct Ran{pub records:Vec<StepRecord>,pub end:End} pub enum End{Done,Failed{reason:String},Pending(crate::actions::Failure)}
impl Containment { pub async fn run(&self,_:&[Step],_:How,_:tokio::time::Instant)->Ran{todo!()} }

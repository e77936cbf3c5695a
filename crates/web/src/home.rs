//! The first page: everybody lands on their work.

use axum::response::Response;

use crate::WebError;
use crate::extract::Me;
use crate::frame::Frame;
use crate::page::see;
use crate::routes::{Audience, Routes};

pub(crate) fn routes(routes: &mut Routes) {
    routes.get(Audience::SignedIn, "/", first);
}

/// An engineer's own tickets, or their queue; a manager's dashboard; an administrator's settings; for everybody else, help.
async fn first(me: Me, frame: Frame) -> Result<Response, WebError> {
    let nav = &frame.nav;
    let roles = me.visitor.roles;
    let own = nav.mine.iter().find(|link| link.count > Some(0));
    let dashboard = nav.desk.iter().find(|link| link.href == "/dashboard");
    let target = if roles.engineer {
        own.or(nav.queues.first()).or(nav.mine.first())
    } else if roles.manager {
        dashboard
    } else if roles.administrator {
        nav.administration.first()
    } else {
        None
    };
    Ok(see(target.map_or("/help", |link| &link.href), None))
}

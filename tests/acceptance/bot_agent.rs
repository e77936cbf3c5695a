//! The bot's connectivity questions answered by the real agent beside the server, with real probes.

use std::io::{Read as _, Write as _};
use std::net::{IpAddr, TcpListener, UdpSocket};
use std::time::Duration;

use chrono::Utc;
use support::bot::Stands;
use support::{Tierdesk, skip};
use tierdesk_domain::id::TicketId;
use tierdesk_domain::tier::Tier;
use tierdesk_store::PgListener;
use tierdesk_worker::bot::Bot;
use tokio_util::sync::CancellationToken;

/// This machine's own address as others see it; the bot probes no loopback address.
pub(crate) fn own_address() -> Option<IpAddr> {
    let socket = UdpSocket::bind("0.0.0.0:0").ok()?;
    // Nothing is sent: this only asks which address the way out begins with.
    socket.connect("198.51.100.1:9").ok()?;
    let address = socket.local_addr().ok()?.ip();
    (!address.is_loopback() && !address.is_unspecified()).then_some(address)
}

/// A web server that says 200 to whoever asks.
fn web_server(address: IpAddr) -> u16 {
    let listener = TcpListener::bind((address, 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { return };
            std::thread::spawn(move || {
                let _ = stream.set_read_timeout(Some(Duration::from_secs(5)));
                let mut buffer = [0; 1024];
                if stream.read(&mut buffer).is_ok_and(|n| n > 0) {
                    let _ = stream.write_all(
                        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok",
                    );
                }
            });
        }
    });
    port
}

/// Waits until a ticket stands as the test wants, woken by the ticket's own notices.
async fn until(desk: &Tierdesk, ticket: TicketId, done: impl Fn(&Stands) -> bool) -> Stands {
    let mut listener = PgListener::connect_with(&desk.desk.pool).await.unwrap();
    listener.listen("ticket").await.unwrap();
    let wait = async {
        loop {
            let stands = desk.stands(ticket).await;
            if done(&stands) {
                return stands;
            }
            // A notice that was missed costs a moment, not the test.
            let _ = tokio::time::timeout(Duration::from_secs(1), listener.recv()).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(90), wait)
        .await
        .expect("the bot comes to an end")
}

#[tokio::test(flavor = "multi_thread")]
async fn real_probes_tell_what_works_from_what_does_not() {
    let Some(address) = own_address() else {
        skip("this machine has no address of its own");
        return;
    };
    let desk = Tierdesk::start().await;
    let _loops = desk.loops().await;
    desk.engineer("Sid Servers", "Servers", Tier::L2).await;
    let ana = desk.requester("Ana Lind").await;
    let _agent = desk.real_agent("vantage=server", "").await;
    let stop = CancellationToken::new();
    let bot = Bot::new(desk.desk.clone());
    tokio::spawn({
        let stop = stop.clone();
        async move { bot.run(Utc::now, stop).await }
    });

    let port = web_server(address);
    let works = desk
        .file(
            &ana,
            "Portal",
            &format!("I cannot reach http://{address}:{port}/ since noon"),
        )
        .await;
    let closed = {
        let listener = TcpListener::bind((address, 0)).unwrap();
        listener.local_addr().unwrap().port()
    };
    let broken = desk
        .file(
            &ana,
            "Wiki",
            &format!("I cannot reach http://{address}:{closed}/ since noon"),
        )
        .await;

    let stands = until(&desk, works.id, |it| {
        it.status == "pending" || !it.bot_holds
    })
    .await;
    let finding = desk.newest(works.id, "finding").await.unwrap();
    assert_eq!(finding.data["verdict"], "healthy", "{}", finding.data);
    assert_eq!(
        (stands.status.as_str(), stands.bot_holds),
        ("pending", true)
    );
    assert!(desk.newest(works.id, "job_finished").await.is_some());

    let stands = until(&desk, broken.id, |it| !it.bot_holds).await;
    let finding = desk.newest(broken.id, "finding").await.unwrap();
    assert_eq!(finding.data["cause"], "refused", "{}", finding.data);
    assert_eq!((stands.team.as_str(), stands.tier), ("Servers", 2));

    let caller = desk.caller(&ana).await;
    desk.desk
        .answer(&caller, works.id, "Yes, it works", Utc::now())
        .await
        .unwrap();
    let stands = until(&desk, works.id, |it| it.status == "resolved").await;
    assert_eq!(stands.resolved_by.as_deref(), Some("bot"));
    stop.cancel();
}

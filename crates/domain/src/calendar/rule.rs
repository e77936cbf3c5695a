//! The rules of working hours, one per module: what other desks got wrong about each as a named test, and random calendars
//! around the worst hours of the worst zones, compared with the [oracle](super::oracle).

mod distance;
mod dst;
mod due;
mod holiday;
mod offset;
mod version;
mod window;

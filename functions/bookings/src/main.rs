//! The Lambda function `bookings`.

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), runtime::Error> {
    runtime::serve_http(bookings::routes(), runtime::OF_CALLERS).await
}

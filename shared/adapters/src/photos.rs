//! Photos and pictures of people on S3: uploads below `uploads/`, which only we read, variants below `photos/`. Every
//! call, ours and the client's, is a request signed in its address (SigV4), so no S3 SDK is needed.
//! <https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html>

use std::time::{Duration, SystemTime};

use async_trait::async_trait;
use aws_credential_types::provider::ProvideCredentials as _;
use aws_sigv4::http_request::{
    PayloadChecksumKind, PercentEncodingMode, SignableBody, SignableRequest, SignatureLocation, SigningSettings,
    UriPathNormalizationMode, sign,
};
use aws_sigv4::sign::v4;
use domain::error::{Error, Result};
use domain::photo::{ImageId, PhotoType};
use reqwest::{Method, Response, StatusCode};
use services::ports::{PhotoStorage, PhotoUpload};
use tokio::sync::OnceCell;

use crate::aws::Aws;

/// How long a client has for its upload.
const UPLOAD_LIMIT: Duration = Duration::from_secs(15 * 60);
/// How long our own requests are good for.
const OWN_LIMIT: Duration = Duration::from_secs(60);
/// Asking and tidying up: a request's own answer is due within 3 s.
const CALL_LIMIT: Duration = Duration::from_millis(1_200);
/// Whole photos, by the worker.
const TRANSFER_LIMIT: Duration = Duration::from_secs(10);
const CONNECT_LIMIT: Duration = Duration::from_millis(500);

/// S3, or what speaks like it.
pub struct S3Photos {
    aws: Aws,
    bucket: String,
    base_url: String,
    http: OnceCell<reqwest::Client>,
}

impl S3Photos {
    /// Photos of this bucket, whose objects below `photos/` are served from `base_url`.
    pub fn new(aws: Aws, bucket: &str, base_url: &str) -> Self {
        Self { aws, bucket: bucket.to_owned(), base_url: base_url.to_owned(), http: OnceCell::new() }
    }

    /// A request's address, signed together with these headers.
    async fn presigned(
        &self,
        method: &Method,
        key: &str,
        headers: &[(&'static str, String)],
        expires_in: Duration,
    ) -> Result<String> {
        let config = self.aws.config().await;
        let region = config.region().ok_or_else(|| Error::internal("no AWS region is set"))?.as_ref();
        let provider = config.credentials_provider().ok_or_else(|| Error::internal("no AWS credentials are set"))?;
        let identity = provider.provide_credentials().await.map_err(Error::unavailable)?.into();
        let url = match config.endpoint_url() {
            Some(endpoint) => format!("{endpoint}/{}/{key}", self.bucket),
            None => format!("https://{}.s3.{region}.amazonaws.com/{key}", self.bucket),
        };
        let mut settings = SigningSettings::default();
        settings.signature_location = SignatureLocation::QueryParams;
        settings.expires_in = Some(expires_in);
        settings.payload_checksum_kind = PayloadChecksumKind::NoHeader;
        // As S3 has it, unlike the other services.
        settings.percent_encoding_mode = PercentEncodingMode::Single;
        settings.uri_path_normalization_mode = UriPathNormalizationMode::Disabled;
        let params = v4::SigningParams::builder()
            .identity(&identity)
            .region(region)
            .name("s3")
            .time(SystemTime::now())
            .settings(settings)
            .build()
            .map_err(Error::internal)?
            .into();
        let signed_headers = headers.iter().map(|(name, value)| (*name, value.as_str()));
        let request = SignableRequest::new(method.as_str(), &url, signed_headers, SignableBody::UnsignedPayload);
        let (instructions, _) = sign(request.map_err(Error::internal)?, &params).map_err(Error::internal)?.into_parts();
        let mut url = reqwest::Url::parse(&url).map_err(Error::internal)?;
        for (name, value) in instructions.params() {
            url.query_pairs_mut().append_pair(name, value);
        }
        Ok(url.into())
    }

    async fn http(&self) -> Result<&reqwest::Client> {
        let build = async || {
            let client = reqwest::Client::builder().connect_timeout(CONNECT_LIMIT).build();
            client.map_err(Error::internal)
        };
        self.http.get_or_try_init(build).await
    }

    async fn call(&self, method: Method, key: &str, body: Option<Vec<u8>>, limit: Duration) -> Result<Response> {
        let headers: &[_] = if body.is_some() { &[("content-type", "image/jpeg".to_owned())] } else { &[] };
        let url = self.presigned(&method, key, headers, OWN_LIMIT).await?;
        let mut request = self.http().await?.request(method, url).timeout(limit);
        if let Some(body) = body {
            // A photo never changes under its address.
            request = request
                .header("content-type", "image/jpeg")
                .header("cache-control", "public, max-age=31536000, immutable")
                .body(body);
        }
        // Without the address: it is a key.
        let answer = request.send().await.map_err(|error| Error::unavailable(error.without_url()))?;
        match answer.status() {
            status if status.is_success() || status == StatusCode::NOT_FOUND => Ok(answer),
            StatusCode::FORBIDDEN => Err(Error::internal(format!("S3 refuses {key}"))),
            status => Err(Error::unavailable(format!("S3 answers {status} for {key}"))),
        }
    }

    async fn delete(&self, key: &str) -> Result<()> {
        self.call(Method::DELETE, key, None, CALL_LIMIT).await.map(drop)
    }
}

fn upload_key(id: ImageId) -> String {
    format!("uploads/{id}")
}

fn variant_key(id: ImageId, width: u32) -> String {
    format!("photos/{id}/{width}.jpg")
}

#[async_trait]
impl PhotoStorage for S3Photos {
    fn base_url(&self) -> &str {
        &self.base_url
    }

    async fn presign_upload(&self, id: ImageId, content_type: PhotoType, bytes: u32) -> Result<PhotoUpload> {
        let headers = vec![("content-length", bytes.to_string()), ("content-type", content_type.to_string())];
        let url = self.presigned(&Method::PUT, &upload_key(id), &headers, UPLOAD_LIMIT).await?;
        Ok(PhotoUpload { url, headers })
    }

    async fn is_uploaded(&self, id: ImageId) -> Result<bool> {
        Ok(self.call(Method::HEAD, &upload_key(id), None, CALL_LIMIT).await?.status().is_success())
    }

    async fn upload(&self, id: ImageId, max_bytes: u32) -> Result<Option<Vec<u8>>> {
        let mut answer = self.call(Method::GET, &upload_key(id), None, TRANSFER_LIMIT).await?;
        if answer.status() == StatusCode::NOT_FOUND {
            return Ok(None);
        }
        let enough = max_bytes as usize + 1;
        let mut bytes = Vec::new();
        while bytes.len() < enough
            && let Some(chunk) = answer.chunk().await.map_err(|error| Error::unavailable(error.without_url()))?
        {
            bytes.extend_from_slice(&chunk);
        }
        bytes.truncate(enough);
        Ok(Some(bytes))
    }

    async fn put_variant(&self, id: ImageId, width: u32, jpeg: Vec<u8>) -> Result<()> {
        let answer = self.call(Method::PUT, &variant_key(id, width), Some(jpeg), TRANSFER_LIMIT).await?;
        if answer.status().is_success() { Ok(()) } else { Err(Error::internal("the photos' bucket is not there")) }
    }

    async fn delete_upload(&self, id: ImageId) -> Result<()> {
        self.delete(&upload_key(id)).await
    }

    async fn delete_all(&self, id: ImageId) -> Result<()> {
        self.delete_upload(id).await?;
        for width in id.widths() {
            self.delete(&variant_key(id, width)).await?;
        }
        Ok(())
    }
}

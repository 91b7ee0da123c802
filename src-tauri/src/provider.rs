//! The one cryptographic provider of the process.

/// Makes aws-lc-rs the provider of every TLS connection. Called before anything else; a second call changes nothing.
pub(crate) fn install() {
    // Refused only if a provider is installed already, which the test below shows to be ours.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
}

#[cfg(test)]
mod tests {
    use rustls::{ClientConfig, RootCertStore, crypto::CryptoProvider};

    #[test]
    fn the_provider_is_aws_lc_and_a_client_can_be_built() {
        super::install();
        let installed = CryptoProvider::get_default().expect("a provider is installed");
        let ours = rustls::crypto::aws_lc_rs::default_provider();
        assert_eq!(format!("{:?}", installed.kx_groups), format!("{:?}", ours.kx_groups));
        assert_eq!(
            format!("{:?}", installed.key_provider),
            format!("{:?}", ours.key_provider)
        );
        // With two providers compiled in and none installed, this is the call that panics.
        let _ = ClientConfig::builder()
            .with_root_certificates(RootCertStore::empty())
            .with_no_client_auth();
    }

    #[test]
    fn main_installs_it_before_anything_else() {
        let source = include_str!("main.rs");
        let body = source.split("fn main()").nth(1).expect("main.rs has a main");
        let first = body
            .lines()
            .skip(1)
            .map(str::trim)
            .find(|line| !line.is_empty() && !line.starts_with("//"));
        assert_eq!(first, Some("provider::install();"));
    }
}
